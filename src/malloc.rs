//! Memory that is no longer used, given back to the system.

/// Gives back the memory that a big piece of work has freed. glibc keeps it for itself otherwise: after a few reloads of
/// a large runbook folder a bot that needs 60 MB would hold twice that.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the proof is beside the call")]
pub fn trim() {
    // SAFETY: `malloc_trim` takes a number and no pointer, touches only pages that hold no live allocation, and is
    // thread-safe ("MT-Safe" in its manual page): it may be called whenever `malloc` may.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other systems and C libraries give memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn trim() {}
