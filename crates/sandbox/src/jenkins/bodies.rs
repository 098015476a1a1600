//! Bodies that are large, slow, or break off.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};

/// One line of nothing much, repeated.
const LINE: &[u8] = b"2026-01-01T00:00:00Z info node: all is well, as it was a moment ago\n";

/// `size` bytes, made while they are sent.
pub(super) fn filler(size: u64) -> Body {
    let piece = Bytes::from(LINE.repeat(1024));
    let stream = stream::unfold(size, move |left| {
        let piece = piece.clone();
        async move {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            (length > 0).then(|| (Ok::<_, std::io::Error>(piece.slice(..length)), left - length as u64))
        }
    });
    Body::from_stream(stream)
}

/// A body that takes its time.
pub(super) fn in_drops(bytes: &[u8], over: Duration) -> Body {
    const DROPS: u32 = 10;
    let size = bytes.len().div_ceil(DROPS as usize).max(1);
    let drops: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    let stream = stream::iter(drops).then(move |drop| async move {
        tokio::time::sleep(over / DROPS).await;
        Ok::<_, std::io::Error>(drop)
    });
    Body::from_stream(stream)
}

/// A body that breaks off before its end.
pub(super) fn cut() -> Body {
    let stream = stream::unfold(0_u8, |count| async move {
        if count == 0 {
            return Some((Ok(Bytes::from_static(b"api")), 1));
        }
        // What came before goes out first.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Some((Err(std::io::Error::other("cut on purpose")), 2))
    });
    Body::from_stream(stream)
}
