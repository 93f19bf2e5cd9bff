//! What the program can say about itself for others to read: man page, completions, the table of config keys.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::{Command, ValueEnum};
use clap_complete::Shell;

use super::man;
use crate::config::keys::{Decides, KEYS, Key};
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
    /// Prints it, of this command line.
    ///
    /// # Errors
    ///
    /// When standard output does not take it: a page that is cut off must not be installed.
    pub(super) fn print(self, command: Command) -> Result<()> {
        let text = match self {
            Self::Man => man::page(command),
            Self::CompleteBash => completions(Shell::Bash, command),
            Self::CompleteZsh => completions(Shell::Zsh, command),
            Self::CompleteFish => completions(Shell::Fish, command),
            Self::ConfigTable => config_table().into_bytes(),
        };
        let mut output = std::io::stdout();
        let written = output.write_all(&text).and_then(|()| output.flush());
        written.map_err(|error| Error::io("cannot write to standard output", &error))
    }
}

fn completions(shell: Shell, mut command: Command) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "mandel-mpi", &mut text);
    text
}

fn config_table() -> String {
    let mut text =
        "| key | value | default | flag | decides | meaning |\n|---|---|---|---|---|---|\n".to_owned();
    for key in KEYS {
        let flag = key.flag.map_or_else(String::new, |flag| format!("`{}`", flag.name));
        let (name, takes, default, decides, help) = (key.name, &key.takes, key.unset, decides(key), key.help);
        writeln!(text, "| `{name}` | {takes} | {default} | {flag} | {decides} | {help} |")
            .expect("a String takes all");
    }
    text
}

fn decides(key: &Key) -> &'static str {
    match key.decides {
        Decides::Counts => "counts",
        Decides::Bytes => "file",
        Decides::Nothing => "",
    }
}
