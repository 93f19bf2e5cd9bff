//! The names that a job uses beside its output, and the care taken with files that are found there.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, Status};

/// All names of one output, `NAME.h5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    output: PathBuf,
}

impl Paths {
    /// The names beside `output`, which ends in `.h5`.
    #[must_use]
    pub fn new(output: &Path) -> Self {
        Self { output: output.to_owned() }
    }

    /// The names that belong to `NAME.h5` or to one of its segments, `NAME.journal.N`.
    #[must_use]
    pub fn of_any(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match name.rsplit_once(".journal.") {
            Some((stem, number)) if is_number(number) => {
                Self::new(&path.with_file_name(format!("{stem}.h5")))
            }
            _ => Self::new(path),
        }
    }

    /// `NAME.h5`, the finished file.
    #[must_use]
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// `NAME.h5.part`, the file while it is assembled.
    #[must_use]
    pub fn part(&self) -> PathBuf {
        self.output.with_extension("h5.part")
    }

    /// `NAME.journal.N`.
    #[must_use]
    pub fn segment(&self, number: u64) -> PathBuf {
        self.output.with_extension(format!("journal.{number}"))
    }

    /// The numbers of the journal segments that exist, ascending.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn segments(&self) -> Result<Vec<u64>> {
        let prefix = format!("{}.journal.", self.output.file_stem().unwrap_or_default().to_string_lossy());
        let list = || -> io::Result<Vec<u64>> {
            let names = std::fs::read_dir(self.directory())?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<Vec<String>>>()?;
            Ok(names.iter().filter_map(|name| name.strip_prefix(&prefix)?.parse().ok()).collect())
        };
        let cannot_list = |error| cannot_create(self.directory(), &error);
        let mut numbers = list().map_err(cannot_list)?;
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The directory of all these names.
    #[must_use]
    pub fn directory(&self) -> &Path {
        match self.output.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// Makes renames, creations and removals in the directory durable.
    ///
    /// # Errors
    ///
    /// When the directory cannot be synced.
    pub fn sync_directory(&self) -> Result<()> {
        let sync = || File::open(self.directory())?.sync_all();
        sync().map_err(|error| Error::io(format_args!("{}: cannot sync", self.directory().display()), &error))
    }
}

/// Creates a file that must not exist yet. Only its owner can write to it, whatever the umask is: a journal
/// that others can write to is refused on resume.
///
/// # Errors
///
/// [`Status::CannotCreate`].
pub fn create_new(path: &Path) -> Result<File> {
    let open = OpenOptions::new().read(true).append(true).create_new(true).mode(0o644).open(path);
    open.map_err(|error| cannot_create(path, &error))
}

/// The error of a file or directory that cannot be made use of.
#[must_use]
pub fn cannot_create(path: &Path, error: &io::Error) -> Error {
    let is_mistake = matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::InvalidFilename
    );
    // A disk that is full or fails is no mistake of the user's: the job can be resumed once that is over.
    let status = if is_mistake { Status::CannotCreate } else { Status::Io };
    Error::new(status, format!("cannot create the output: {}: {error}", path.display()))
}

/// Opens a file that an earlier run left: a regular file of this user's that nobody else can write to.
///
/// # Errors
///
/// [`Status::Damaged`] when it is anything else, [`Status::Io`] when it cannot be opened now.
pub fn open_own(path: &Path) -> Result<File> {
    let refuse = |why: &str| {
        let advice = "remove it, or set it aside with --restart";
        Error::new(Status::Damaged, format!("{why}: {}: {advice}", path.display()))
    };
    let file =
        OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32).open(path);
    let file = file.map_err(|error| {
        let is_refused = error.kind() == io::ErrorKind::PermissionDenied
            || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        if is_refused {
            refuse(&format!("the journal cannot be opened ({error})"))
        } else {
            Error::io(path.display(), &error)
        }
    })?;
    let metadata = file.metadata().map_err(|error| Error::io(path.display(), &error))?;
    match fault(&metadata) {
        Some(why) => Err(refuse(why)),
        None => Ok(file),
    }
}

fn fault(metadata: &Metadata) -> Option<&'static str> {
    if !metadata.is_file() {
        Some("the journal is not a regular file")
    } else if metadata.uid() != rustix::process::geteuid().as_raw() {
        Some("the journal belongs to another user")
    } else if metadata.nlink() != 1 {
        Some("the journal has more than one name (hard links)")
    } else if metadata.mode() & 0o022 != 0 {
        Some("the journal can be written by others")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn names_stand_beside_the_output() {
        let paths = Paths::new(Path::new("runs/area2.h5"));
        assert_eq!(paths.part(), Path::new("runs/area2.h5.part"));
        assert_eq!(paths.segment(3), Path::new("runs/area2.journal.3"));
        assert_eq!(Paths::new(Path::new("area2.h5")).directory(), Path::new("."));
        assert_eq!(Paths::of_any(Path::new("runs/area2.journal.12")), paths);
        assert_eq!(Paths::of_any(Path::new("runs/area2.h5")), paths);
    }

    #[test]
    fn a_file_that_others_can_write_or_reach_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.journal.1");
        drop(create_new(&path).expect("a new file"));
        assert!(open_own(&path).is_ok());
        std::fs::hard_link(&path, folder.path().join("other")).expect("a link");
        assert!(open_own(&path).expect_err("two names").to_string().contains("hard links"));
        std::fs::remove_file(folder.path().join("other")).expect("removed");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).expect("chmod");
        assert!(open_own(&path).expect_err("mode 666").to_string().contains("written by others"));
        let link = folder.path().join("a.journal.2");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        assert_eq!(open_own(&link).expect_err("a symlink").status(), Status::Damaged);
    }
}
