//! Lines of JSON on a byte stream, bounded.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use zeroize::Zeroizing;

/// Longest line that a node reads from a client.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;

/// Longest line that a client reads from its node: an answer that names every member of the largest network.
pub const MAX_RESPONSE_BYTES: usize = 16 << 20;

/// Why a line cannot be read or written.
#[derive(Debug, Error)]
pub enum CodecError {
    /// The other side's: longer than it may be.
    #[error("a line is longer than {limit} bytes")]
    TooLong {
        /// The bound.
        limit: usize,
    },
    /// The other side's: not what was expected. The line is not repeated, for it may hold personal data.
    #[error("a line is not the JSON that is expected here: {what}")]
    Malformed {
        /// The sort of mistake and where it is.
        what: String,
    },
    /// The connection's.
    #[error("the connection broke")]
    Io(#[source] io::Error),
}

/// Reads lines of one stream.
#[derive(Debug)]
pub struct LineReader<R> {
    stream: BufReader<R>,
    limit: usize,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads lines of at most `limit` bytes.
    pub fn new(stream: R, limit: usize) -> Self {
        Self { stream: BufReader::new(stream), limit }
    }

    /// The next line; `None` when the other side has closed after its last one.
    ///
    /// # Errors
    /// Too long, malformed, or a broken connection. After the first two nothing further can be read.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CodecError> {
        let Some(line) = self.line().await? else { return Ok(None) };
        serde_json::from_slice(&line)
            .map(Some)
            .map_err(|error| CodecError::Malformed { what: describe(&error) })
    }

    /// Wiped when dropped: an import's lines hold personal details.
    async fn line(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, CodecError> {
        let mut line = Zeroizing::new(Vec::new());
        loop {
            let ready = self.stream.fill_buf().await.map_err(CodecError::Io)?;
            if ready.is_empty() {
                if line.is_empty() {
                    return Ok(None);
                }
                return Err(CodecError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
            let end = ready.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(ready.len());
            if line.len() + taken > self.limit {
                return Err(CodecError::TooLong { limit: self.limit });
            }
            line.extend(ready.iter().take(taken));
            self.stream.consume(end.map_or(taken, |end| end + 1));
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }
}

/// What is wrong, without serde's quotation of what was found.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "no JSON",
        serde_json::error::Category::Data => "another type, field or command",
        serde_json::error::Category::Io => "not readable",
    };
    format!("{what}, at column {}", error.column())
}

/// Writes a line and flushes.
///
/// # Errors
/// When the connection broke.
pub async fn write_line<W: AsyncWrite + Unpin, T: Serialize>(
    stream: &mut W,
    value: &T,
) -> Result<(), CodecError> {
    let mut line = Zeroizing::new(serde_json::to_vec(value).map_err(|error| CodecError::Io(error.into()))?);
    line.push(b'\n');
    stream.write_all(&line).await.map_err(CodecError::Io)?;
    stream.flush().await.map_err(CodecError::Io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CHUNK_BYTES, Request, Upload};

    async fn read(bytes: &[u8], limit: usize) -> Result<Option<Request>, CodecError> {
        LineReader::new(bytes, limit).next().await
    }

    #[tokio::test]
    async fn lines_are_read_one_by_one_until_the_stream_ends() {
        let text: &[u8] = b"{\"request\":\"status\"}\n{\"request\":\"who\",\"family\":\"G-1\"}\n";
        let mut reader = LineReader::new(text, 100);
        assert_eq!(reader.next().await.unwrap(), Some(Request::Status { follow: false }));
        assert_eq!(reader.next().await.unwrap(), Some(Request::Who { family: "G-1".into() }));
        assert_eq!(reader.next::<Request>().await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_no_request_is_refused_without_repeating_it() {
        for line in [
            "{\"request\":\"Zonneveld\"}\n",
            "Zonneveld\n",
            "{\"request\":\"who\",\"family\":3}\n",
            "{\"request\":\"status\",\"Zonneveld\":1}\n",
            "\n",
        ] {
            let error = read(line.as_bytes(), 100).await.unwrap_err();
            assert!(matches!(error, CodecError::Malformed { .. }), "{line}");
            assert!(!error.to_string().contains("Zonneveld"), "{error}");
        }
        assert!(matches!(read(b"{\"request\":\"status\"}", 100).await, Err(CodecError::Io(_))));
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_refused() {
        let line = b"{\"request\":\"status\"}\n";
        assert!(read(line, line.len() - 1).await.is_ok());
        assert!(matches!(read(line, line.len() - 2).await, Err(CodecError::TooLong { .. })));
        assert!(matches!(read(&[b' '; 200_000], 100_000).await, Err(CodecError::TooLong { .. })));
    }

    #[tokio::test]
    async fn the_longest_piece_of_a_file_fits_a_line() {
        let mut line = Vec::new();
        write_line(&mut line, &Upload::Text("\u{1}".repeat(CHUNK_BYTES))).await.unwrap();
        assert!(line.len() <= MAX_REQUEST_BYTES, "{}", line.len());
        let read: Upload = LineReader::new(line.as_slice(), MAX_REQUEST_BYTES).next().await.unwrap().unwrap();
        assert!(matches!(&read, Upload::Text(text) if text.len() == CHUNK_BYTES));
        assert_eq!(format!("{read:?}"), "Text(redacted)");
    }
}
