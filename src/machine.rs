//! What the operating system says about this machine and this process: host, CPUs, memory, clock, disk.

use std::io;
use std::path::Path;

/// The name of the machine that this process runs on.
#[must_use]
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The numbers below `limit` of the CPUs that this process may run on; none where the system does not tell.
pub fn allowed_cpus(limit: usize) -> impl Iterator<Item = usize> {
    let allowed = rustix::thread::sched_getaffinity(None).ok();
    (0..limit).filter(move |&cpu| allowed.as_ref().is_some_and(|allowed| allowed.is_set(cpu)))
}

/// The most memory that this process has had, in bytes; 0 where the system does not tell.
#[must_use]
pub fn peak_memory_bytes() -> u64 {
    peak_of(&std::fs::read_to_string("/proc/self/status").unwrap_or_default())
}

fn peak_of(status: &str) -> u64 {
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
    1024 * kib.unwrap_or(0)
}

/// CPU time of this thread, in seconds.
#[must_use]
pub fn thread_cpu_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Bytes that this user may still write to the file system of `directory`.
///
/// # Errors
///
/// When the directory cannot be looked at.
pub fn free_disk_bytes(directory: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok(disk.f_bavail * disk.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_name_a_cpu_memory_and_a_disk() {
        assert!(!host_name().is_empty());
        assert!(allowed_cpus(1024).next().is_some());
        assert!(peak_memory_bytes() > 1 << 20);
        assert!(free_disk_bytes(Path::new(".")).is_ok());
        assert!(free_disk_bytes(Path::new("no/such/folder")).is_err());
    }

    #[test]
    fn peak_memory_is_read_from_the_systems_table() {
        assert_eq!(peak_of("Name:\tx\nVmPeak:\t    9 kB\nVmHWM:\t   12 kB\n"), 12 << 10);
        assert_eq!(peak_of("Name:\tx\n"), 0);
    }
}
