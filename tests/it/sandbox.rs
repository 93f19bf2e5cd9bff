//! A folder of its own for each test, and the program run in it, never longer than a limit.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Far more than any run here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A small region with all kinds of points: inside, outside, on the filaments.
pub(crate) const SMALL: &str = "[region]\nre = [-2.0, 0.5]\nim = [-1.25, 1.25]\n\n\
                                [grid]\nwidth = 40\nheight = 30\n\n\
                                [iteration]\nmax_iter = 200\n";

/// A config whose job, on one thread and one point after the other, can be stopped in the middle in every
/// build.
pub(crate) fn slow() -> String {
    SMALL.replace("width = 40", "width = 400").replace("height = 30", "height = 400").replace("200", "20000")
}

/// A folder that goes away with the test.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// What a run left.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The lines by which the program says that it failed.
    pub(crate) fn errors(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.starts_with("mandel-mpi: error:")).collect()
    }

    /// A word of the last line, such as `checksum=...`.
    pub(crate) fn word(&self, key: &str) -> &str {
        let last = self.stdout.lines().last().unwrap_or_default();
        let mut words = last.split_whitespace().filter_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        words.next().unwrap_or_else(|| panic!("no {key} in {:?}; {}", self.stdout, self.stderr))
    }

    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

impl Sandbox {
    /// A folder with the config `small.toml`.
    pub(crate) fn new() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().expect("a folder") };
        sandbox.write("small.toml", SMALL);
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs the program alone.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mandel-mpi"));
        self.finish(command.args(arguments))
    }

    /// Runs a job alone, from `small.toml`.
    pub(crate) fn job(&self, arguments: &[&str]) -> Run {
        self.run(&[&["--config", "small.toml"], arguments].concat())
    }

    /// Runs any command in the folder to its end.
    pub(crate) fn finish(&self, command: &mut Command) -> Run {
        wait(self.start(command))
    }

    /// Starts any command in the folder.
    pub(crate) fn start(&self, command: &mut Command) -> Child {
        command
            .current_dir(self.folder.path())
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }
}

/// The launcher: Open MPI's, unless `MANDEL_MPIRUN` names another one with its options.
#[cfg(feature = "mpi")]
pub(crate) fn mpirun(ranks: usize) -> Command {
    let default = "mpirun --oversubscribe --bind-to none";
    let text = std::env::var("MANDEL_MPIRUN").unwrap_or_else(|_| default.to_owned());
    let mut words = text.split_whitespace();
    let mut command = Command::new(words.next().expect("a launcher"));
    command.args(words).args(["-n", &ranks.to_string()]);
    command
}

/// Waits for the end, and ends what does not end.
pub(crate) fn wait(mut child: Child) -> Run {
    let started = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if started.elapsed() > LIMIT {
            child.kill().expect("it is ours");
            let output = child.wait_with_output().expect("it is gone");
            panic!("it hangs: {}", String::from_utf8_lossy(&output.stderr));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it has ended");
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
