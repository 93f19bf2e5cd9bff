//! What launchers (mpirun, srun) and batch systems (Slurm) say in the environment, before MPI starts.
//!
//! The only file that names their variables. Reading them is a function of a lookup, so that tests need no
//! environment.

use std::num::NonZeroUsize;

/// The number of this copy of the program: of Open MPI, of `PMIx`, of MPICH's PMI, of Slurm alone.
const RANK: [&str; 4] = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"];

/// How many copies were started. Slurm counts the tasks of an outer step, too, so it is asked last.
const COPIES: [&str; 3] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"];

/// How the copies find each other: MPI needs one of these to see more than one rank.
const PROCESS_MANAGER: [&str; 6] =
    ["PMIX_NAMESPACE", "PMIX_RANK", "PMI_RANK", "PMI_FD", "PMI_PORT", "OMPI_COMM_WORLD_SIZE"];

/// Threads of a rank. OpenMP's word is a user's wish, Slurm's may be a default.
const THREADS: [&str; 2] = ["OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK"];

/// When the batch system ends the job, in seconds since 1970.
const END: &str = "SLURM_JOB_END_TIME";

/// A variable and its text.
pub type Variable = (&'static str, String);

/// What was said to this copy of the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// The number of this copy.
    rank: Option<String>,
    /// How many copies were started.
    pub copies: Option<NonZeroUsize>,
    /// Whether copies can find each other.
    pub has_process_manager: bool,
    /// How many threads each copy should start, as it was written.
    pub threads: Option<Variable>,
    /// When the batch system ends the job, in seconds since 1970.
    pub end_unix_s: Option<u64>,
}

impl Launch {
    /// What this process's environment says.
    #[must_use]
    pub fn here() -> Self {
        Self::read(|name| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned()))
    }

    /// What the variables that `lookup` finds say.
    #[must_use]
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            rank: RANK.into_iter().find_map(&lookup),
            copies: COPIES.into_iter().find_map(|name| lookup(name)?.parse().ok()),
            has_process_manager: PROCESS_MANAGER.into_iter().any(|name| lookup(name).is_some()),
            threads: THREADS
                .into_iter()
                .filter_map(|name| Some((name, lookup(name)?)))
                .find(|(_, text)| !text.is_empty()),
            end_unix_s: lookup(END).and_then(|text| text.trim().parse().ok()),
        }
    }

    /// Whether this is the first of the copies that were started, or there is no launcher. It speaks for all
    /// until MPI is started.
    #[must_use]
    pub fn is_first_copy(&self) -> bool {
        self.rank.as_ref().is_none_or(|rank| rank == "0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Launch {
        Launch::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn copies_and_their_process_manager_are_told_by_every_launcher() {
        for (launcher, variables, is_first, copies, has_process_manager) in [
            ("none", &[][..], true, None, false),
            (
                "Open MPI",
                &[("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "4")],
                true,
                Some(4),
                true,
            ),
            ("MPICH", &[("PMI_RANK", "2"), ("PMI_SIZE", "3"), ("PMI_FD", "5")], false, Some(3), true),
            (
                "srun --mpi=pmix",
                &[("PMIX_RANK", "1"), ("PMIX_NAMESPACE", "slurm.7.0"), ("SLURM_STEP_NUM_TASKS", "2")],
                false,
                Some(2),
                true,
            ),
            (
                "srun without a process manager",
                &[("SLURM_PROCID", "3"), ("SLURM_STEP_NUM_TASKS", "4")],
                false,
                Some(4),
                false,
            ),
            (
                "mpirun in a step of one task",
                &[("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "1"), ("OMPI_COMM_WORLD_RANK", "5")],
                false,
                Some(1),
                false,
            ),
            ("nonsense", &[("PMI_SIZE", "many"), ("SLURM_STEP_NUM_TASKS", "0")], true, None, false),
        ] {
            let launch = read(variables);
            assert_eq!(launch.is_first_copy(), is_first, "{launcher}");
            assert_eq!(launch.copies.map(NonZeroUsize::get), copies, "{launcher}");
            assert_eq!(launch.has_process_manager, has_process_manager, "{launcher}");
        }
    }

    #[test]
    fn threads_are_openmps_before_slurms() {
        let slurm = ("SLURM_CPUS_PER_TASK", "8");
        for (variables, expected) in [
            (&[][..], None),
            (&[slurm], Some(slurm)),
            (&[slurm, ("OMP_NUM_THREADS", "4,2")], Some(("OMP_NUM_THREADS", "4,2"))),
            (&[slurm, ("OMP_NUM_THREADS", "")], Some(slurm)),
        ] {
            let threads = read(variables).threads;
            assert_eq!(threads.as_ref().map(|(name, text)| (*name, text.as_str())), expected);
        }
    }

    #[test]
    fn the_end_of_the_job_is_a_number_or_unknown() {
        for (text, expected) in [("1790000000", Some(1_790_000_000)), (" 7\n", Some(7)), ("soon", None)] {
            assert_eq!(read(&[("SLURM_JOB_END_TIME", text)]).end_unix_s, expected, "{text}");
        }
        assert_eq!(read(&[]).end_unix_s, None);
    }
}
