//! Faults of the file: noticed before anything more is acknowledged, and mended once that loses nothing.

use std::sync::Arc;

use tracing::warn;

use super::connections::Open;
use super::file::{FileFault, StoreFile, with_suffix};
use super::{BUSY, Sqlite};
use crate::store::Error;

impl Sqlite {
    /// Fails when the file is not what the connections take it for.
    pub(super) fn intact(&self, open: &Open) -> Result<(), Error> {
        let fault = match (open.file.check(), self.fault()) {
            (Ok(()), None) => return Ok(()),
            (Ok(()), Some(fault)) | (Err(fault), _) => fault,
        };
        Err(self.lost(&open.file, fault))
    }

    /// The result of reading or writing. When that failed and the file is at fault, the fault is the better reason.
    pub(super) fn told<T>(&self, result: Result<T, impl Into<Error>>) -> Result<T, Error> {
        result.map_err(|error| {
            let error = error.into();
            let Error::Database(cause) = &error else { return error };
            if tells_of_damage(cause) {
                self.remember(FileFault::Suspect);
            }
            self.intact(&self.open.load_full()).err().unwrap_or(error)
        })
    }

    fn fault(&self) -> Option<FileFault> {
        *self.fault.lock()
    }

    /// Lets nothing be acknowledged until the file was opened anew.
    fn remember(&self, fault: FileFault) {
        self.fault.lock().get_or_insert(fault);
    }

    fn lost(&self, file: &StoreFile, fault: FileFault) -> Error {
        if fault == FileFault::Damaged {
            // What the connections remember of it may be wrong, even when its content comes back.
            self.remember(fault);
        }
        Error::Lost {
            path: file.path().to_owned(),
            fault,
        }
    }

    /// Mends what can be mended: a file that was deleted is written anew from the connections, which still have all of
    /// it; one whose content was restored is opened anew.
    pub(super) async fn mend(&self) -> Result<(), Error> {
        let _alone = self.mending.lock().await;
        let open = self.open.load_full();
        match (open.file.check(), self.fault()) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(fault)) => self.reopen(&open, fault).await,
            (Err(FileFault::Removed), _) => self.restore(&open).await,
            (Err(fault @ FileFault::LogRemoved), _) => {
                // The connections have the log still open: what is in it goes into the file. When they are closed, it
                // did so then.
                if !open.writer.is_closed() && !open.empty_log(BUSY).await? {
                    return Err(self.lost(&open.file, fault));
                }
                self.reopen(&open, fault).await
            }
            (Err(fault @ FileFault::LogDamaged), _) => {
                self.drop_log(&open, fault).await?;
                self.reopen(&open, fault).await
            }
            (Err(fault), _) => Err(self.lost(&open.file, fault)),
        }
    }

    /// Opens the file anew. When that fails, the next check tries again.
    async fn reopen(&self, open: &Open, fault: FileFault) -> Result<(), Error> {
        self.remember(fault);
        open.close().await;
        open.file.forget_log();
        let fresh = Open::again(Arc::clone(&open.file)).await?;
        match fresh.problem().await {
            Ok(None) => {}
            problem => {
                fresh.close().await;
                let path = open.file.path().to_owned();
                return Err(match problem? {
                    Some(found) => Error::Damaged { path, found },
                    None => self.lost(&open.file, fault),
                });
            }
        }
        self.open.store(Arc::new(fresh));
        *self.fault.lock() = None;
        warn!(%fault, "the store's file is in use again");
        Ok(())
    }

    /// Empties a log that is damaged. Closing the connections would bring it into the file, with its holes.
    async fn drop_log(&self, open: &Open, fault: FileFault) -> Result<(), Error> {
        self.remember(fault);
        // Whoever writes comes to an end first, and nobody begins: the fault is remembered.
        let writer = open.writer.acquire().await;
        let dropped = open.file.drop_log();
        drop(writer);
        dropped.map_err(|cause| Error::Open {
            path: open.file.path().to_owned(),
            cause,
        })
    }

    async fn restore(&self, open: &Open) -> Result<(), Error> {
        let path = open.file.path().to_owned();
        let failed = |cause| Error::Open {
            path: path.clone(),
            cause,
        };
        let copy = with_suffix(&path, ".restored");
        let _ = std::fs::remove_file(&copy);
        // Made private before anything is in it.
        let mut file = StoreFile::open(&copy)?;
        sqlx::query("VACUUM INTO ?")
            .bind(copy.to_string_lossy())
            .execute(&open.writer)
            .await?;
        file.sync().map_err(failed)?;
        // The log beside a file that is gone would be applied to the next one, also after `kill -9`: it goes first.
        open.file.remove_leftovers().map_err(failed)?;
        // Not over a file that somebody put there meanwhile.
        std::fs::hard_link(&copy, &path).map_err(failed)?;
        if let Err(cause) = std::fs::remove_file(&copy) {
            warn!(path = %copy.display(), %cause, "a second name of the store's file cannot be deleted");
        }
        file.take_place_of(&open.file);
        let moved = Arc::new(Open {
            writer: open.writer.clone(),
            readers: open.readers.clone(),
            file: Arc::new(file),
        });
        self.remember(FileFault::Removed);
        self.open.store(Arc::clone(&moved));
        self.reopen(&moved, FileFault::Removed).await?;
        warn!(path = %path.display(), "the store's file was deleted; its content was written to a new one");
        Ok(())
    }
}

/// SQLite's primary result codes CORRUPT 11 and NOTADB 26.
fn tells_of_damage(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let code: Option<u32> = code.and_then(|code| code.parse().ok());
    matches!(code.map(|code| code & 0xff), Some(11 | 26))
}
