//! Conversations within the process, a bounded number at once: for a command that finds no node running, and for
//! whatever else in the program speaks for its users.

use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{Problem, ProblemKind};

/// Bytes under way in each direction of a conversation; whoever writes more waits until the other side reads.
const PIPE_BYTES: usize = 1 << 20;

/// Opens conversations with the node. Copies share the bound.
#[derive(Debug, Clone)]
pub struct Handle {
    seats: Arc<Semaphore>,
    most: usize,
    open: mpsc::Sender<Conversation>,
}

/// The node's side: the conversations that were opened. It ends when every [`Handle`] is gone.
#[derive(Debug)]
pub struct Conversations(mpsc::Receiver<Conversation>);

/// One conversation, to be served over its stream like a client of the socket.
#[derive(Debug)]
pub struct Conversation {
    /// The node's end.
    pub stream: DuplexStream,
    /// Counts the conversation as long as it is held, which is until it has been served to its end.
    pub seat: OwnedSemaphorePermit,
}

/// A handle and its other side, for at most `most` conversations at once.
#[must_use]
pub fn in_process(most: usize) -> (Handle, Conversations) {
    let (open, opened) = mpsc::channel(most.max(1));
    (Handle { seats: Arc::new(Semaphore::new(most)), most, open }, Conversations(opened))
}

impl Handle {
    /// Opens a conversation; the stream is for a [`Client`](crate::Client).
    ///
    /// # Errors
    /// When as many are open as may be, or the node no longer takes any.
    pub async fn open(&self) -> Result<DuplexStream, Problem> {
        let refused = |message: String| Problem::new(ProblemKind::NotNow, message);
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else {
            let most = self.most;
            return Err(refused(format!(
                "{most} questions are at work at this node; try again when one has ended"
            )));
        };
        let (near, stream) = tokio::io::duplex(PIPE_BYTES);
        match self.open.send(Conversation { stream, seat }).await {
            Ok(()) => Ok(near),
            Err(_) => Err(refused("the node is stopping; start it again".to_owned())),
        }
    }
}

impl Conversations {
    /// The next conversation; `None` when there will be none.
    pub async fn next(&mut self) -> Option<Conversation> {
        self.0.recv().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Client, LineReader, MAX_REQUEST_BYTES, Reply, Request, Response, write_line};

    #[tokio::test]
    async fn so_many_at_once_and_the_next_when_one_has_ended() {
        let (handle, mut conversations) = in_process(2);
        let mut first = Client::new(handle.open().await.unwrap());
        let _second = handle.clone().open().await.unwrap();
        assert_eq!(handle.open().await.unwrap_err().kind, ProblemKind::NotNow);

        let Conversation { stream, seat } = conversations.next().await.unwrap();
        let node = tokio::spawn(async move {
            let (read, mut out) = tokio::io::split(stream);
            let asked: Option<Request> = LineReader::new(read, MAX_REQUEST_BYTES).next().await.unwrap();
            write_line(&mut out, &Response::Reply(Reply::Stopping)).await.unwrap();
            drop(seat);
            asked
        });
        assert_eq!(first.ask(&Request::Stop, |_| ()).await.unwrap(), Reply::Stopping);
        assert_eq!(node.await.unwrap(), Some(Request::Stop));
        assert!(handle.open().await.is_ok(), "the seat is free again");
    }

    #[tokio::test]
    async fn a_node_that_stops_takes_none_and_a_handle_that_goes_ends_them() {
        let (handle, conversations) = in_process(1);
        drop(conversations);
        assert!(handle.open().await.unwrap_err().message.contains("stopping"));
        let (handle, mut conversations) = in_process(1);
        drop(handle);
        assert!(conversations.next().await.is_none());
    }
}
