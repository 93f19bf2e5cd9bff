//! The one error that ends a job: an exit status and a message that says what to do.
//!
//! It is plain data, so that one rank's error can be sent to all: the failure of one is everybody's.

use std::fmt;

/// Exit statuses of the program; the numbers of `sysexits.h` where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// A failure at run time that no other status describes.
    Failure = 1,
    /// Bad usage or configuration.
    Usage = 2,
    /// A journal or file is damaged, or belongs to another job.
    Damaged = 65,
    /// MPI lacks what is needed, or copies were started that do not know of each other.
    MpiUnusable = 69,
    /// A bug: a panic.
    Internal = 70,
    /// Out of memory.
    OutOfMemory = 71,
    /// The output exists, or cannot be created.
    CannotCreate = 73,
    /// Reading or writing failed, for instance on a full disk.
    Io = 74,
    /// Stopped on time or by a signal, with the journal written: run again to go on.
    Stopped = 75,
}

impl Status {
    const ALL: [Self; 9] = [
        Self::Failure,
        Self::Usage,
        Self::Damaged,
        Self::MpiUnusable,
        Self::Internal,
        Self::OutOfMemory,
        Self::CannotCreate,
        Self::Io,
        Self::Stopped,
    ];

    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The status of an exit code that another rank sent.
    #[must_use]
    pub fn from_code(code: u8) -> Self {
        Self::ALL.into_iter().find(|status| status.code() == code).unwrap_or(Self::Failure)
    }
}

/// Why a job ends early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

/// The result of everything that can end a job.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with the status that the process will exit with; the message reads
    /// `<what>: <where>: <what to do>`.
    #[must_use]
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// Reading or writing `what` failed.
    #[must_use]
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(Status::Io, format!("{what}: {error}"))
    }

    /// The exit status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
