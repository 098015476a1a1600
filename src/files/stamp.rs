//! File stamps, which tell without reading whether a file changed.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Time within which two changes of a file may bear the same time: FAT counts in steps of two seconds, network disks in
/// seconds.
const COARSEST: Duration = Duration::from_secs(3);

/// Metadata of a file. It changes with the content, unless somebody sets clocks back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: SystemTime,
    system: System,
}

impl Stamp {
    /// Returns the stamp of a file; `None` for one that changed so shortly before `now` that it may change again with
    /// the same stamp, and for one without readable metadata: such a file has to be read.
    pub(super) fn of(file: &Path, now: SystemTime) -> Option<Stamp> {
        let metadata = std::fs::metadata(file).ok()?;
        let modified = metadata.modified().ok()?;
        let system = System::of(&metadata);
        let settled = now.checked_sub(COARSEST)?;
        (modified < settled && system.changed() < settled).then_some(Stamp {
            length: metadata.len(),
            modified,
            system,
        })
    }
}

/// Identity of a file and the time of its last change of any kind, such as a file renamed over it or its times set
/// back.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct System {
    device: u64,
    inode: u64,
    seconds: i64,
    nanoseconds: i64,
}

#[cfg(unix)]
impl System {
    fn of(metadata: &Metadata) -> System {
        use std::os::unix::fs::MetadataExt as _;
        System {
            device: metadata.dev(),
            inode: metadata.ino(),
            seconds: metadata.ctime(),
            nanoseconds: metadata.ctime_nsec(),
        }
    }

    fn changed(&self) -> SystemTime {
        let seconds = Duration::from_secs(self.seconds.try_into().unwrap_or(0));
        let nanoseconds = Duration::from_nanos(self.nanoseconds.try_into().unwrap_or(0));
        SystemTime::UNIX_EPOCH + seconds + nanoseconds
    }
}

/// Empty: other systems only provide the time of the last write.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct System;

#[cfg(not(unix))]
impl System {
    fn of(_: &Metadata) -> System {
        System
    }

    fn changed(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}
