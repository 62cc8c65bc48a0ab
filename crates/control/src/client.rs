//! The client's side of a conversation, over whatever carries bytes: the socket, or a pipe within the process.

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf, split};

use crate::{
    CHUNK_BYTES, CodecError, Extent, LineReader, MAX_RESPONSE_BYTES, Problem, Reply, Request, Response,
    Upload, write_line,
};

/// Why there is no reply.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The node refused, and says why.
    #[error(transparent)]
    Refused(#[from] Problem),
    /// The node closed the connection before it replied.
    #[error("the node closed the connection before it replied; see its log")]
    Closed,
    /// What came over the connection.
    #[error("the node's answer is not understood; check that program and node have the same version")]
    Codec(#[source] CodecError),
}

impl From<CodecError> for ClientError {
    /// A connection breaks when the node at the other end goes.
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Io(_) => Self::Closed,
            CodecError::TooLong { .. } | CodecError::Malformed { .. } => Self::Codec(error),
        }
    }
}

/// A conversation with a node.
#[derive(Debug)]
pub struct Client<S> {
    lines: LineReader<ReadHalf<S>>,
    out: WriteHalf<S>,
}

impl<S: AsyncRead + AsyncWrite> Client<S> {
    /// Speaks over `stream`.
    pub fn new(stream: S) -> Self {
        let (read, out) = split(stream);
        Self { lines: LineReader::new(read, MAX_RESPONSE_BYTES), out }
    }

    /// Asks something. What comes before the reply goes to `meanwhile`: progress and pages.
    ///
    /// # Errors
    /// When the node refuses or the conversation fails.
    pub async fn ask(
        &mut self,
        request: &Request,
        meanwhile: impl FnMut(Response),
    ) -> Result<Reply, ClientError> {
        // A node that refuses at once closes without reading; what it said is worth more than the broken pipe.
        let sent = write_line(&mut self.out, request).await;
        self.replied(sent, meanwhile).await
    }

    /// Has files imported: name and text of each. What comes before the reply goes to `meanwhile`.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn import(
        &mut self,
        files: &[(String, &str)],
        extent: Extent,
        allow_withdrawals: bool,
        meanwhile: impl FnMut(Response),
    ) -> Result<Reply, ClientError> {
        let sent = self.upload(files, extent, allow_withdrawals).await;
        self.replied(sent, meanwhile).await
    }

    async fn upload(
        &mut self,
        files: &[(String, &str)],
        extent: Extent,
        allow_withdrawals: bool,
    ) -> Result<(), CodecError> {
        write_line(&mut self.out, &Request::Import { extent, allow_withdrawals }).await?;
        for (name, text) in files {
            write_line(&mut self.out, &Upload::File(name.clone())).await?;
            for piece in pieces(text) {
                write_line(&mut self.out, &Upload::Text(piece.to_owned())).await?;
            }
        }
        write_line(&mut self.out, &Upload::End).await
    }

    async fn replied(
        &mut self,
        sent: Result<(), CodecError>,
        meanwhile: impl FnMut(Response),
    ) -> Result<Reply, ClientError> {
        match (self.reply(meanwhile).await, sent) {
            (Err(ClientError::Closed | ClientError::Codec(_)), Err(error)) => Err(error.into()),
            (replied, _) => replied,
        }
    }

    /// Waits for the next reply of a request that has several.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn reply(&mut self, mut meanwhile: impl FnMut(Response)) -> Result<Reply, ClientError> {
        loop {
            match self.lines.next().await? {
                Some(Response::Reply(reply)) => return Ok(reply),
                Some(Response::Refused(problem)) => return Err(problem.into()),
                Some(early @ (Response::Progress(_) | Response::Page(_))) => meanwhile(early),
                None => return Err(ClientError::Closed),
            }
        }
    }
}

/// Cuts text between characters into pieces of at most [`CHUNK_BYTES`].
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (piece, rest) = text.split_at(text.floor_char_boundary(CHUNK_BYTES));
        text = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAX_REQUEST_BYTES, ProblemKind, Progress};

    #[tokio::test]
    async fn files_arrive_whole_and_the_reply_follows_the_progress() {
        let (near, far) = tokio::io::duplex(4_096);
        let text = "é".repeat(CHUNK_BYTES);
        let node = tokio::spawn(async move {
            let (read, mut out) = split(far);
            let mut lines = LineReader::new(read, MAX_REQUEST_BYTES);
            let asked: Request = lines.next().await.unwrap().unwrap();
            assert_eq!(asked, Request::Import { extent: Extent::Whole, allow_withdrawals: true });
            let mut got = String::new();
            loop {
                match lines.next::<Upload>().await.unwrap().unwrap() {
                    Upload::End => break,
                    Upload::File(ref name) => got.push_str(name),
                    Upload::Text(ref text) => got.push_str(text),
                }
            }
            let progress = Progress { doing: "reading".into(), done: 1, total: None };
            write_line(&mut out, &Response::Progress(progress)).await.unwrap();
            write_line(&mut out, &Response::Reply(Reply::Withdrawn(2))).await.unwrap();
            got
        });
        let mut early = 0;
        let mut client = Client::new(near);
        let files = [("a.csv".to_owned(), text.as_str()), ("b.csv".to_owned(), "")];
        let reply = client.import(&files, Extent::Whole, true, |_| early += 1).await.unwrap();
        assert_eq!((reply, early), (Reply::Withdrawn(2), 1));
        assert_eq!(node.await.unwrap(), format!("a.csv{text}b.csv"));
    }

    #[tokio::test]
    async fn a_refusal_is_heard_although_the_node_reads_no_further() {
        let (near, far) = tokio::io::duplex(64 << 10);
        let (_read, mut out) = split(far);
        let busy = Problem::new(ProblemKind::NotNow, "too many clients");
        write_line(&mut out, &Response::Refused(busy.clone())).await.unwrap();
        drop((_read, out));
        let error = Client::new(near).ask(&Request::Signals, |_| ()).await.unwrap_err();
        assert!(matches!(error, ClientError::Refused(problem) if problem == busy));
    }

    #[test]
    fn pieces_are_cut_between_characters() {
        let text = format!("a{}", "é".repeat(CHUNK_BYTES));
        assert!(pieces(&text).all(|piece| piece.len() <= CHUNK_BYTES));
        assert_eq!(pieces(&text).collect::<String>(), text);
        assert_eq!(pieces("").count(), 0);
    }
}
