//! The stream of a connection: reports the start of a head, and closes so that a refused peer can read the response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connections::{Phase, Slot};

/// Bytes of a refused body that are read and thrown away. A socket that is closed while it holds unread bytes resets the
/// connection, and the response is lost.
const DISCARDED: usize = 2 * 1024 * 1024;

/// A TCP stream in its slot.
#[derive(Debug)]
pub(super) struct Stream {
    inner: TcpStream,
    slot: Arc<Slot>,
    is_shut_down: bool,
    discarded: usize,
}

impl Stream {
    pub(super) fn new(inner: TcpStream, slot: Arc<Slot>) -> Self {
        Self {
            inner,
            slot,
            is_shut_down: false,
            discarded: 0,
        }
    }

    /// Reads until the peer closes.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut room = [0; 8 * 1024];
        while self.discarded < DISCARDED {
            let mut buffer = ReadBuf::new(&mut room);
            let read = ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer));
            let count = buffer.filled().len();
            if read.is_err() || count == 0 {
                break;
            }
            self.discarded += count;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.inner).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.slot.received();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if !self.is_shut_down {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
            self.is_shut_down = true;
        }
        if self.slot.phase() == Phase::Closing {
            ready!(self.poll_discard(context));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
