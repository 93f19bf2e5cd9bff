//! The man page: options and commands from `clap`, keys from their table, the rest from here.

use std::io::{Result, Write};

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use crate::config::keys::{self, Decides, KEYS, Key};

const USAGE: &str = "mandel-mpi --config FILE [OPTIONS]\nmandel-mpi COMMAND [OPTIONS] FILE...";

const DESCRIPTION: &str = "\
Computes for each point c of a grid on a region of the complex plane after how many iterations of z^2 + c it
escapes, and writes the counts to an HDF5 file. It is started as one process, or as many by mpirun(1) or srun(1).
The counts are the same bits for any number of ranks and threads; the report ends with their checksum.

A TOML file describes the job; --set and the options below win over it. While the job runs, everything that is
finished goes to a journal beside the output. A job that was stopped or killed goes on from there when the same
command is run again, on any number of ranks.";

const CONFIGURATION: &str = "\
The keys of a config, in the tables of the file that come before the dot. --set KEY=VALUE sets any of them.";

const COMMANDS: &str = "They work on finished files and journals, and never start MPI.";

const SEE_ALSO: &str = "mpirun(1), srun(1), sbatch(1), h5dump(1)";

type Entries = &'static [(&'static str, &'static str)];

const EXIT_STATUS: Entries = &[
    ("0", "Done, or the output is complete already."),
    ("1", "A failure at run time."),
    ("2", "Bad usage or configuration."),
    ("65", "The journal or the data are damaged, or of another job."),
    ("69", "MPI lacks what is needed, or the launcher started copies that do not know of each other."),
    ("70", "An internal error."),
    ("71", "Out of memory."),
    ("73", "The output exists, or cannot be created."),
    ("74", "Reading or writing failed, or a later start of the same job has taken over."),
    ("75", "Stopped on time or by a signal, with the journal written: run it again."),
    ("1, 137, 143", "Launchers make these of a lost process, too. A batch script queues the job again then."),
];

const SIGNALS: Entries = &[(
    "USR1, USR2, TERM, INT",
    "Ask for a stop: the journal is written, and the program ends with 75 within 5 seconds.",
)];

const ENVIRONMENT: Entries = &[
    ("OMP_NUM_THREADS", "Threads per rank, where run.threads is 0."),
    ("SLURM_CPUS_PER_TASK", "The same, where OMP_NUM_THREADS is not set."),
    ("SLURM_JOB_END_TIME", "End of the Slurm job: without run.max_time the program stops before it."),
    ("NO_COLOR", "Help without colours."),
];

const FILES: Entries = &[
    ("NAME.h5", "The finished file. It appears under this name when it is complete."),
    ("NAME.journal.N", "Finished parts of a job that is not done. Removed when it is."),
    ("NAME.h5.part", "The file while it is assembled."),
    ("PREFIX/share/mandel-mpi/configs", "Configs to start from."),
    ("PREFIX/share/mandel-mpi/slurm", "Job scripts for Slurm."),
];

const EXAMPLES: Entries = &[
    ("mpirun -n 64 mandel-mpi --config area2.toml", "One job."),
    (
        "mandel-mpi --config area2.toml --set grid.width=500 --set grid.height=500",
        "The same region on a coarser grid.",
    ),
    ("mandel-mpi render area2.h5 area2.png", "A picture of the result."),
    ("sbatch PREFIX/share/mandel-mpi/slurm/mandel_32k.sh", "2^30 points on 64 ranks."),
];

/// Writes the whole page.
pub(super) fn write_page(command: Command, page: &mut Vec<u8>) -> Result<()> {
    let version = command.get_version().unwrap_or_default();
    // clap_mangen's own line loses the empty date, and with it the order of what follows.
    writeln!(page, ".TH MANDEL-MPI 1 \"\" \"mandel-mpi {version}\" \"User Commands\"")?;
    // The values that a key takes stand at the key.
    let without_values_of_keys = |arg: Arg| {
        let sets_key = keys::find(arg.get_id().as_str()).is_some();
        arg.hide_possible_values(sets_key)
    };
    let command = command.override_usage(USAGE).long_about(DESCRIPTION).mut_args(without_values_of_keys);
    let man = Man::new(command.clone());
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    write_keys(page)?;
    write_commands(command, page)?;
    for (heading, entries) in [
        ("EXIT STATUS", EXIT_STATUS),
        ("SIGNALS", SIGNALS),
        ("ENVIRONMENT", ENVIRONMENT),
        ("FILES", FILES),
        ("EXAMPLES", EXAMPLES),
    ] {
        let mut roff = Roff::new();
        roff.control("SH", [heading]);
        for (tag, text) in entries {
            add_entry(&mut roff, [bold(*tag)], text);
        }
        roff.to_writer(page)?;
    }
    Roff::new().control("SH", ["SEE ALSO"]).text([roman(SEE_ALSO)]).to_writer(page)
}

fn write_keys(page: &mut Vec<u8>) -> Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", ["CONFIGURATION"]).text([roman(CONFIGURATION)]);
    for Key { name, takes, unset, decides, help, .. } in KEYS {
        let decides = match decides {
            Decides::Nothing => String::new(),
            _ => format!(" Decides {decides}."),
        };
        let tag = [bold(*name), roman(format!(" [{unset}]"))];
        add_entry(&mut roff, tag, &format!("{help}. Takes {takes}.{decides}"));
    }
    roff.to_writer(page)
}

fn add_entry<const N: usize>(roff: &mut Roff, tag: [Inline; N], text: &str) {
    roff.control("TP", []).text(tag).text([roman(text)]);
}

/// The commands, each with its arguments and options as a part of one section.
fn write_commands(mut command: Command, page: &mut Vec<u8>) -> Result<()> {
    command.build();
    Roff::new().control("SH", ["COMMANDS"]).text([roman(COMMANDS)]).to_writer(page)?;
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let heading = format!("mandel-mpi {}", command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        Roff::new().control("SS", [heading.as_str()]).text([roman(about + ".")]).to_writer(page)?;
        let mut options = Vec::new();
        Man::new(command.clone()).render_options_section(&mut options)?;
        let options = String::from_utf8(options).expect("clap's texts are UTF-8");
        page.extend(options.replacen(".SH OPTIONS\n", "", 1).into_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn every_exit_status_is_in_the_page() {
        for code in (1..=u8::MAX).filter(|code| Status::from_code(*code).code() == *code) {
            assert!(EXIT_STATUS.iter().any(|(tag, _)| *tag == code.to_string()), "{code}");
        }
    }
}
