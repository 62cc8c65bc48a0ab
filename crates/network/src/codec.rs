//! Frames on a stream: the length as u32 big-endian, then that many opaque bytes.
//!
//! The length is compared with the conversation's bound before any of the frame is read or room for it is made.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};
use protocol::Conversation;

use crate::counters::Tally;

/// Bytes of the length in front of a frame.
const PREFIX_BYTES: usize = 4;

/// Reads and writes the frames of one conversation.
#[derive(Clone, Debug)]
pub(crate) struct FrameCodec {
    conversation: Conversation,
    tally: Arc<Tally>,
}

impl FrameCodec {
    pub(crate) fn new(conversation: Conversation, tally: Arc<Tally>) -> Self {
        Self { conversation, tally }
    }

    async fn read<T: AsyncRead + Unpin + Send>(&self, io: &mut T, longest: usize) -> io::Result<Vec<u8>> {
        let mut prefix = Vec::with_capacity(PREFIX_BYTES);
        (&mut *io).take(PREFIX_BYTES as u64).read_to_end(&mut prefix).await?;
        if prefix.is_empty() {
            // A peer that refuses to answer closes its stream: no frame, rather than a broken one.
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no frame"));
        }
        let Ok(prefix) = <[u8; PREFIX_BYTES]>::try_from(prefix.as_slice()) else {
            return Err(self.truncated());
        };
        let announced = u32::from_be_bytes(prefix);
        let fits = usize::try_from(announced).is_ok_and(|bytes| bytes <= longest);
        if !fits {
            if let Some(count) = self.tally.frames_oversized.raise_and_tell() {
                tracing::warn!(conversation = ?self.conversation, announced, count, "refused an oversized frame");
            }
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "frame longer than its conversation allows",
            ));
        }
        // The room grows with what arrives, so announcing a long frame costs a peer as much as sending it.
        let mut frame = Vec::new();
        io.take(u64::from(announced)).read_to_end(&mut frame).await?;
        if u32::try_from(frame.len()) == Ok(announced) { Ok(frame) } else { Err(self.truncated()) }
    }

    async fn write<T: AsyncWrite + Unpin + Send>(
        &self,
        io: &mut T,
        frame: Vec<u8>,
        longest: usize,
    ) -> io::Result<()> {
        let length = u32::try_from(frame.len())
            .ok()
            .filter(|_| frame.len() <= longest)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "own frame too long"))?;
        io.write_all(&length.to_be_bytes()).await?;
        io.write_all(&frame).await?;
        io.flush().await
    }

    fn truncated(&self) -> io::Error {
        if let Some(count) = self.tally.frames_truncated.raise_and_tell() {
            tracing::warn!(conversation = ?self.conversation, count, "refused a truncated frame");
        }
        io::Error::new(io::ErrorKind::UnexpectedEof, "frame shorter than announced")
    }
}

/// Reads one frame of bytes that are all there, as if a peer's stream had brought them. A node reads streams; this is
/// for tests that feed arbitrary bytes.
///
/// # Errors
/// Longer than the conversation allows, or shorter than announced.
#[doc(hidden)]
pub fn read_frame(conversation: Conversation, is_response: bool, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let longest =
        if is_response { conversation.max_response_bytes() } else { conversation.max_request_bytes() };
    let codec = FrameCodec::new(conversation, Arc::default());
    let mut bytes = bytes;
    let read = std::pin::pin!(codec.read(&mut bytes, longest));
    match read.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl request_response::Codec for FrameCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read(io, self.conversation.max_request_bytes()).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read(io, self.conversation.max_response_bytes()).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, frame: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.write(io, frame, self.conversation.max_request_bytes()).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, frame: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.write(io, frame, self.conversation.max_response_bytes()).await
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;

    const MAX: usize = Conversation::Evaluation.max_request_bytes();

    async fn check(bytes: &[u8], expected: Result<&[u8], io::ErrorKind>, oversized: u64, truncated: u64) {
        let tally = Arc::new(Tally::default());
        let codec = FrameCodec::new(Conversation::Evaluation, Arc::clone(&tally));
        let read = codec.read(&mut Cursor::new(bytes), MAX).await.map_err(|error| error.kind());
        assert_eq!(read.as_deref().map_err(|kind| *kind), expected);
        assert_eq!(
            (tally.snapshot().frames_oversized, tally.snapshot().frames_truncated),
            (oversized, truncated)
        );
    }

    #[tokio::test]
    async fn only_whole_frames_within_the_bound_are_read() {
        let eof = Err(io::ErrorKind::UnexpectedEof);
        check(&[0, 0, 0, 2, 7, 8], Ok(&[7, 8]), 0, 0).await;
        check(&[0, 0, 0, 0], Ok(&[]), 0, 0).await;
        check(&[], eof, 0, 0).await;
        check(&[0, 0], eof, 0, 1).await;
        check(&[0, 0, 0, 3, 7, 8], eof, 0, 1).await;
        let over = u32::try_from(MAX + 1).unwrap().to_be_bytes();
        check(&over, Err(io::ErrorKind::InvalidData), 1, 0).await;
        check(&[0xff; 4], Err(io::ErrorKind::InvalidData), 1, 0).await;
    }

    #[tokio::test]
    async fn the_longest_frame_survives_the_way_and_a_longer_one_is_not_written() {
        let codec = FrameCodec::new(Conversation::Evaluation, Arc::default());
        let mut wire = Cursor::new(Vec::new());
        codec.write(&mut wire, vec![5; MAX], MAX).await.unwrap();
        let wire = wire.into_inner();
        assert_eq!(wire.len(), PREFIX_BYTES + MAX);
        assert_eq!(codec.read(&mut Cursor::new(&wire), MAX).await.unwrap(), vec![5; MAX]);

        let mut wire = Cursor::new(Vec::new());
        let refused = codec.write(&mut wire, vec![5; MAX + 1], MAX).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        assert!(wire.into_inner().is_empty());
    }
}
