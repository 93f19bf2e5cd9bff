//! The forms of time that Slurm's `--time` takes.

use std::time::Duration;

/// Reads the forms of Slurm's `--time`.
///
/// ```
/// # use mandel_mpi::config::slurm_time;
/// # use std::time::Duration;
/// assert_eq!(slurm_time("90"), Some(Duration::from_secs(5400)));
/// assert_eq!(slurm_time("1:30"), Some(Duration::from_secs(90)));
/// assert_eq!(slurm_time("2:00:01"), Some(Duration::from_secs(7201)));
/// assert_eq!(slurm_time("1-2"), Some(Duration::from_secs(93_600)));
/// assert_eq!(slurm_time("1-2:03"), Some(Duration::from_secs(93_780)));
/// assert_eq!(slurm_time("1-00:00:01"), Some(Duration::from_secs(86_401)));
/// assert_eq!(slurm_time("soon"), None);
/// ```
#[must_use]
pub fn slurm_time(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (Some(days.parse::<u32>().ok()?), clock),
        None => (None, text),
    };
    let fields = clock.split(':').map(|field| field.parse::<u32>().ok()).collect::<Option<Vec<u32>>>()?;
    let (hours, minutes, seconds) = match (days.is_some(), fields.as_slice()) {
        (true, [hours]) => (*hours, 0, 0),
        (true, [hours, minutes]) => (*hours, *minutes, 0),
        (false, [minutes]) => (0, *minutes, 0),
        (false, [minutes, seconds]) => (0, *minutes, *seconds),
        (_, [hours, minutes, seconds]) => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let [days, hours, minutes, seconds] = [days.unwrap_or(0), hours, minutes, seconds].map(u64::from);
    Some(Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds))
}
