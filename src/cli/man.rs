//! The man page: options and commands from `clap`, keys from their table, the rest from here.

use std::io::Write;

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

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

/// The sections after those that are generated: a heading, and paragraphs with their tags.
const SECTIONS: [(&str, &[(&str, &str)]); 6] = [
    (
        "EXIT STATUS",
        &[
            ("0", "Done, or the output is complete already."),
            ("1", "A failure at run time."),
            ("2", "Bad usage or configuration."),
            ("65", "The journal or the data are damaged, or of another job."),
            (
                "69",
                "MPI lacks what is needed, or the launcher started copies that do not know of each other.",
            ),
            ("70", "An internal error."),
            ("71", "Out of memory."),
            ("73", "The output exists, or cannot be created."),
            ("74", "Reading or writing failed, or a later start of the same job has taken over."),
            ("75", "Stopped on time or by a signal, with the journal written: run it again."),
            (
                "1, 137, 143",
                "Launchers make these of a lost process, too. A batch script queues the job again then.",
            ),
        ],
    ),
    (
        "SIGNALS",
        &[(
            "USR1, USR2, TERM, INT",
            "Ask for a stop: the journal is written, and the program ends with 75 within 5 seconds.",
        )],
    ),
    (
        "ENVIRONMENT",
        &[
            ("OMP_NUM_THREADS", "Threads per rank, where run.threads is 0."),
            ("SLURM_CPUS_PER_TASK", "The same, where OMP_NUM_THREADS is not set."),
            ("SLURM_JOB_END_TIME", "End of the Slurm job: without run.max_time the program stops before it."),
            ("NO_COLOR", "Help without colours."),
        ],
    ),
    (
        "FILES",
        &[
            ("NAME.h5", "The finished file. It appears under this name when it is complete."),
            ("NAME.journal.N", "Finished parts of a job that is not done. Removed when it is."),
            ("NAME.h5.part", "The file while it is assembled."),
            ("PREFIX/share/mandel-mpi/configs", "Configs to start from."),
            ("PREFIX/share/mandel-mpi/slurm", "Job scripts for Slurm."),
        ],
    ),
    (
        "EXAMPLES",
        &[
            ("mpirun -n 64 mandel-mpi --config area2.toml", "One job."),
            (
                "mandel-mpi --config area2.toml --set grid.width=500 --set grid.height=500",
                "The same region on a coarser grid.",
            ),
            ("mandel-mpi render area2.h5 area2.png", "A picture of the result."),
            ("sbatch PREFIX/share/mandel-mpi/slurm/mandel_32k.sh", "2^30 points on 64 ranks."),
        ],
    ),
    ("SEE ALSO", &[("", "mpirun(1), srun(1), sbatch(1), h5dump(1)")]),
];

/// The whole page.
pub(super) fn page(command: Command) -> Vec<u8> {
    let version = command.get_version().unwrap_or_default();
    // clap_mangen's own line loses the empty date, and with it the order of what follows.
    let mut page = format!(".TH MANDEL-MPI 1 \"\" \"mandel-mpi {version}\" \"User Commands\"\n").into_bytes();
    let command = command.override_usage(USAGE).long_about(DESCRIPTION).mut_args(without_values_of_keys);
    let man = Man::new(command.clone());
    let parts: [Part; 4] = [
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    page.extend(parts.into_iter().flat_map(|part| rendered(&man, part)));
    page.extend(configuration());
    page.extend(commands(command));
    page.extend(SECTIONS.into_iter().flat_map(|(heading, entries)| section(heading, entries)));
    page
}

/// The values that a key takes stand at the key.
fn without_values_of_keys(arg: Arg) -> Arg {
    let sets_key = keys::find(arg.get_id().as_str()).is_some();
    arg.hide_possible_values(sets_key)
}

type Part = fn(&Man, &mut dyn Write) -> std::io::Result<()>;

fn rendered(man: &Man, part: Part) -> Vec<u8> {
    let mut text = Vec::new();
    part(man, &mut text).expect("a Vec takes all");
    text
}

fn configuration() -> Vec<u8> {
    let mut roff = Roff::new();
    roff.control("SH", ["CONFIGURATION"]).text([roman(CONFIGURATION)]);
    for key in KEYS {
        roff.control("TP", []).text([bold(key.name), roman(format!(" [{}]", key.unset))]);
        roff.text([roman(meaning(key))]);
    }
    roff.render().into_bytes()
}

fn meaning(key: &Key) -> String {
    let decides = match key.decides {
        Decides::Counts => " Decides the counts.",
        Decides::Bytes => " Decides bytes of the file.",
        Decides::Nothing => "",
    };
    format!("{}. Takes {}.{decides}", key.help, key.takes)
}

/// The commands, each with its arguments and options as a part of one section.
fn commands(mut command: Command) -> Vec<u8> {
    command.build();
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]).text([roman(COMMANDS)]);
    let mut page = roff.render().into_bytes();
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let heading = format!("mandel-mpi {}", command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let mut roff = Roff::new();
        page.extend(roff.control("SS", [heading.as_str()]).text([roman(about + ".")]).render().into_bytes());
        let options = rendered(&Man::new(command.clone()), Man::render_options_section);
        let options = String::from_utf8(options).expect("clap's texts are UTF-8");
        page.extend(options.replacen(".SH OPTIONS\n", "", 1).into_bytes());
    }
    page
}

fn section(heading: &str, entries: &[(&str, &str)]) -> Vec<u8> {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (tag, text) in entries {
        if !tag.is_empty() {
            roff.control("TP", []).text([bold(*tag)]);
        }
        roff.text([roman(*text)]);
    }
    roff.render().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn every_exit_status_is_in_the_page() {
        let (_, entries) = SECTIONS[0];
        for code in (1..=u8::MAX).filter(|code| Status::from_code(*code).code() == *code) {
            assert!(entries.iter().any(|(tag, _)| *tag == code.to_string()), "{code}");
        }
    }
}
