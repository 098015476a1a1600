//! The file of the store: private, locked, and watched, so that a file that was removed, emptied or replaced is noticed
//! before anything more is acknowledged.

use std::fs::{File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use parking_lot::{Mutex, MutexGuard};

use crate::store::Error;

/// Mode of the file, which is private as it holds raw payloads.
const PRIVATE: u32 = 0o600;
/// Mask of the permissions of everybody but the owner.
const OTHERS: u32 = 0o077;
/// First bytes of every SQLite database (<https://www.sqlite.org/fileformat.html>).
const MAGIC: &[u8] = b"SQLite format 3\0";
/// First bytes of every write-ahead log. The next byte tells the order of bytes in its checksums.
const LOG_MAGIC: [u8; 3] = [0x37, 0x7f, 0x06];
/// Offset of `user_version` in the header, which is the id of the store here.
const ID_AT: usize = 60;
/// Bytes read of the header.
const HEADER: usize = 64;

/// A fault of the file that nothing written to the open connections can repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// The file was deleted, and nothing is in its place. Its contents are still open, and can be written to a new
    /// file.
    #[error("was deleted while the bot uses it")]
    Removed,
    /// The file was moved away.
    #[error("was moved away while the bot uses it: move it back")]
    Moved,
    /// Another file is in the file's place.
    #[error("was replaced by another file while the bot uses it: move the original back")]
    Replaced,
    /// The file was emptied or overwritten.
    #[error("was emptied or overwritten while the bot uses it: restore its content")]
    Damaged,
    /// The write-ahead log was deleted or replaced. The connections still have it open, and can write it to the file.
    #[error("lost its write-ahead log (-wal), which was deleted or replaced while the bot uses it")]
    LogRemoved,
    /// The write-ahead log was emptied or overwritten. Data that was only in it is lost.
    #[error("has a write-ahead log (-wal) that was emptied or overwritten while the bot uses it")]
    LogDamaged,
    /// SQLite found something impossible in the file.
    #[error("may be damaged; checking it")]
    Suspect,
    /// The file cannot be inspected.
    #[error("cannot be accessed; check that its disk is mounted")]
    Unreadable,
}

/// The open, locked file of a store.
#[derive(Debug)]
pub(super) struct StoreFile {
    path: PathBuf,
    /// The descriptor that holds the lock. It must outlive every connection: closing any descriptor of a file drops the
    /// locks that SQLite has on it in this process.
    file: File,
    device: u64,
    inode: u64,
    /// The store's id; `None` until the store has one.
    id: Option<u32>,
    /// The write-ahead log that the connections have open.
    log: Mutex<WriteAheadLog>,
}

/// State of the write-ahead log when last checked. Only the writer makes it shorter.
#[derive(Debug, Default)]
struct WriteAheadLog {
    /// Device and inode; `None` before the first check.
    identity: Option<(u64, u64)>,
    /// Minimum length of the log, in bytes.
    length: u64,
    /// True while the log may get shorter.
    emptying: bool,
}

/// Guard that lets the write-ahead log get shorter while it is alive.
pub(super) struct Emptying<'a>(&'a StoreFile);

impl Drop for Emptying<'_> {
    fn drop(&mut self) {
        self.0.log().emptying = false;
        self.0.note_log();
    }
}

impl StoreFile {
    /// Opens or creates the file, makes it private and locks it. The lock belongs to the file, not to its name, so that
    /// neither a symbolic nor a hard link lets a second bot use it.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |cause| Error::Open {
            path: path.to_owned(),
            cause,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(PRIVATE)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let found = file.metadata().map_err(failed)?;
        make_private(path, &file, &found)?;
        // SQLite creates its log and index with the mode of the database, unless they exist already.
        let real = path.canonicalize().map_err(failed)?;
        for suffix in ["-wal", "-shm"] {
            if let Ok(beside) = File::open(with_suffix(&real, suffix)) {
                let found = beside.metadata().map_err(failed)?;
                make_private(path, &beside, &found)?;
            }
        }
        Ok(Self {
            path: real,
            device: found.dev(),
            inode: found.ino(),
            file,
            id: None,
            log: Mutex::default(),
        })
    }

    /// The path, without symbolic links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adopts the path and the id of `other`, which this file has replaced with the same content.
    pub(super) fn take_place_of(&mut self, other: &Self) {
        self.path.clone_from(&other.path);
        self.id = other.id;
    }

    /// Flushes the whole file to disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Sets the expected id: from now on a file with another one counts as damaged.
    pub(super) fn expect_id(&mut self, id: u32) {
        self.id = Some(id);
    }

    /// Checks that the file at the path is still the one that is open, and contains a store.
    pub(super) fn check(&self) -> Result<(), FileFault> {
        let open = self.file.metadata().map_err(|_| FileFault::Unreadable)?;
        match std::fs::metadata(&self.path) {
            Ok(there) if (there.dev(), there.ino()) == (self.device, self.inode) => {
                self.check_header()?;
                self.check_log()
            }
            Ok(_) => Err(FileFault::Replaced),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && open.nlink() == 0 => Err(FileFault::Removed),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err(FileFault::Moved),
            Err(_) => Err(FileFault::Unreadable),
        }
    }

    fn log(&self) -> MutexGuard<'_, WriteAheadLog> {
        self.log.lock()
    }

    fn log_path(&self) -> PathBuf {
        with_suffix(&self.path, "-wal")
    }

    /// Records the length of the log.
    pub(super) fn note_log(&self) {
        // The lock prevents a shortening of the log from starting between the look and the note.
        let mut log = self.log();
        if log.emptying {
            return;
        }
        if let Ok(found) = std::fs::metadata(self.log_path()) {
            let identity = (found.dev(), found.ino());
            if *log.identity.get_or_insert(identity) == identity {
                log.length = log.length.max(found.len());
            }
        }
    }

    /// Allows the log to get shorter while the guard is alive: the holder of the only writing connection empties it.
    pub(super) fn emptying_log(&self) -> Emptying<'_> {
        let mut log = self.log();
        log.emptying = true;
        log.length = 0;
        Emptying(self)
    }

    /// Empties the log, discarding whatever is in it.
    pub(super) fn drop_log(&self) -> io::Result<()> {
        let _emptying = self.emptying_log();
        OpenOptions::new().write(true).open(self.log_path())?.set_len(0)
    }

    /// Forgets the log once the connections are closed, as new ones have a log of their own.
    pub(super) fn forget_log(&self) {
        *self.log() = WriteAheadLog::default();
    }

    fn check_log(&self) -> Result<(), FileFault> {
        // The lock prevents the writer from allowing a shorter log between the two looks.
        let log = self.log();
        let Some(identity) = log.identity else { return Ok(()) };
        let unreadable = |cause: io::Error| match cause.kind() {
            io::ErrorKind::NotFound => FileFault::LogRemoved,
            _ => FileFault::Unreadable,
        };
        let file = File::open(self.log_path()).map_err(unreadable)?;
        let found = file.metadata().map_err(unreadable)?;
        if (found.dev(), found.ino()) != identity {
            return Err(FileFault::LogRemoved);
        }
        // SQLite continues at its old offset in a log that was emptied: the part before it is a hole.
        let mut begins = [0; LOG_MAGIC.len()];
        let is_log = found.len() == 0 || (file.read_exact_at(&mut begins, 0).is_ok() && begins == LOG_MAGIC);
        if found.len() < log.length || !is_log {
            return Err(FileFault::LogDamaged);
        }
        Ok(())
    }

    fn check_header(&self) -> Result<(), FileFault> {
        let Some(id) = self.id else { return Ok(()) };
        let mut header = [0; HEADER];
        match self.file.read_exact_at(&mut header, 0) {
            Ok(()) => {}
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Err(FileFault::Damaged),
            Err(_) => return Err(FileFault::Unreadable),
        }
        let found = header.get(ID_AT..).and_then(|bytes| bytes.try_into().ok());
        if header.starts_with(MAGIC) && found.map(u32::from_be_bytes) == Some(id) {
            Ok(())
        } else {
            Err(FileFault::Damaged)
        }
    }

    /// Deletes SQLite's log and index of a file that is gone: they would be applied to whatever file comes next.
    pub(super) fn remove_leftovers(&self) -> io::Result<()> {
        for suffix in ["-wal", "-shm"] {
            match std::fs::remove_file(with_suffix(&self.path, suffix)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns true when a file begins as an SQLite database does, or is still empty.
///
/// # Errors
///
/// Returns an error when the file cannot be opened or read.
pub fn is_database(path: &Path) -> io::Result<bool> {
    let mut header = Vec::new();
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut header)?;
    Ok(header.is_empty() || header == MAGIC)
}

/// Appends a suffix to the name of a path.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn make_private(path: &Path, file: &File, found: &Metadata) -> Result<(), Error> {
    if found.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(PRIVATE))
        .map_err(|cause| Error::NotPrivate {
            path: path.to_owned(),
            cause,
        })
}
