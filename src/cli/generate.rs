//! What the program can say about itself for others to read: man page, completions, the table of config keys.

use std::io::{Write, stdout};

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::{CommandLine, man};
use crate::config::keys::{KEYS, Key};
use crate::error::{Error, Result};

/// What `--generate` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Generated {
    /// The man page
    Man,
    /// Completions for bash
    CompleteBash,
    /// Completions for zsh
    CompleteZsh,
    /// Completions for fish
    CompleteFish,
    /// The keys of a config, as a table in Markdown
    ConfigTable,
}

impl Generated {
    /// Prints it.
    ///
    /// # Errors
    ///
    /// When standard output does not take it: a page that is cut off must not be installed.
    pub fn print(self) -> Result<()> {
        let mut command = CommandLine::command();
        let mut text = Vec::new();
        let mut completions =
            |shell: Shell| clap_complete::generate(shell, &mut command, "mandel-mpi", &mut text);
        match self {
            Self::CompleteBash => completions(Shell::Bash),
            Self::CompleteZsh => completions(Shell::Zsh),
            Self::CompleteFish => completions(Shell::Fish),
            Self::Man => man::write_page(command, &mut text).expect("a Vec takes all"),
            Self::ConfigTable => text.extend(config_table().into_bytes()),
        }
        let mut output = stdout();
        let written = output.write_all(&text).and_then(|()| output.flush());
        written.map_err(|error| Error::io("cannot write to standard output", &error))
    }
}

fn config_table() -> String {
    let rows = KEYS.iter().map(|Key { name, takes, unset, decides, flag, help }| {
        let flag = flag.map_or_else(String::new, |flag| format!("`{}`", flag.name));
        format!("| `{name}` | {takes} | {unset} | {flag} | {decides} | {help} |\n")
    });
    format!(
        "| key | value | default | flag | decides | meaning |\n|---|---|---|---|---|---|\n{}",
        rows.collect::<String>()
    )
}
