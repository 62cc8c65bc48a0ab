//! Whoever waits for a node: for replies to commands, for the roster in force, and for what ended it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use protocol::{CommandId, Reply};
use roster::VerifiedRoster;
use store::StoreError;
use tokio::sync::oneshot;

/// The roster in force, commands that wait for their reply, and what ended the node if something did.
pub(super) struct Waiting {
    pub(super) roster: Mutex<Arc<VerifiedRoster>>,
    /// `None` once the event loop has ended: nobody will reply any more.
    replies: Mutex<Option<BTreeMap<CommandId, oneshot::Sender<Reply>>>>,
    failure: Mutex<Option<StoreError>>,
}

impl Waiting {
    pub(super) fn new(roster: &VerifiedRoster) -> Self {
        Self {
            roster: Mutex::new(Arc::new(roster.clone())),
            replies: Mutex::new(Some(BTreeMap::new())),
            failure: Mutex::new(None),
        }
    }

    pub(super) fn follow(&self, roster: &VerifiedRoster) {
        *self.roster.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(roster.clone());
    }

    /// Registers whoever waits; after the end of the event loop the teller is dropped, and so is the wait.
    pub(super) fn expect(&self, id: CommandId, tell: oneshot::Sender<Reply>) {
        if let Some(replies) = self.replies.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            replies.insert(id, tell);
        }
    }

    pub(super) fn reply(&self, id: CommandId, reply: Reply) {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(teller) = replies.as_mut().and_then(|replies| replies.remove(&id)) {
            // Whoever asked may have stopped waiting.
            let _unheard = teller.send(reply);
        }
    }

    /// Remembers why, and lets go of everybody who waits.
    pub(super) fn fail(&self, error: StoreError) {
        tracing::error!(%error, "the disk refused; the node stops");
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.close();
    }

    pub(super) fn close(&self) {
        *self.replies.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn why_stopped(&self) -> anyhow::Error {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => anyhow::Error::from(error).context("the node has stopped"),
            None => anyhow!("the node has stopped"),
        }
    }
}

/// Lets go of everybody who waits when the event loop ends, however it ends.
pub(super) struct CloseAtEnd(pub(super) Arc<Waiting>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        self.0.close();
    }
}
