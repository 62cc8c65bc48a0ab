//! What a start consists of, one stage after the other within this process.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use protocol::{Batch, Command, CommandId, Input, Outbound, Reply};

use super::folder::Folder;
use crate::runtime::{Earlier, now};

/// What the stages took, and what came of them.
#[derive(Debug)]
pub(super) struct Stages {
    /// The passphrase, the store's own checks, the engine.
    pub(super) open: Duration,
    /// Every record read and unsealed.
    pub(super) read: Duration,
    /// The roster, and every record verified and taken up by the state machine.
    pub(super) take_up: Duration,
    /// What is done with the first input: every own family is probed again in every feed.
    pub(super) resume: Duration,
    pub(super) records: usize,
    /// Organisations found with each own family, added up.
    pub(super) involvements: usize,
    /// Own linkage keys without a pseudonym.
    pub(super) keys_waiting: usize,
    /// Tags live in the own feed.
    pub(super) own_tags: usize,
    /// Changes that the start wants to keep, the log's entries among them.
    pub(super) left_to_keep: usize,
}

/// Starts the node of a folder without a network, and lets go of it.
pub(super) fn measure(folder: &Folder) -> Result<Stages> {
    folder.forget_cached()?;
    let started = instant();
    let mut store = folder.open()?;
    let opened = instant();
    let config = folder.node_config(&mut store, true)?;
    let earlier = Earlier::read(&store)?;
    let read = instant();
    let records = earlier.records();
    let mut node = earlier.take_up(config, now())?;
    let taken_up = instant();
    let mut batch = Batch::default();
    for step in node.handle(Input::Command { id: CommandId(1), command: Command::WhoAll }, now()) {
        batch.push(step);
    }
    let resumed = instant();
    let left_to_keep = batch.writes_len();
    let Some(Reply::WhoAll(answers)) = replied(batch.commit(&mut store)?) else {
        bail!("the node gave no reply; this is a mistake in the program: report it");
    };
    let status = Input::Command { id: CommandId(2), command: Command::Status };
    let mut batch = Batch::default();
    node.handle(status, now()).into_iter().for_each(|step| batch.push(step));
    let Some(Reply::Status(status)) = replied(batch.commit(&mut store)?) else {
        bail!("the node gave no reply; this is a mistake in the program: report it");
    };
    Ok(Stages {
        open: opened - started,
        read: read - opened,
        take_up: taken_up - read,
        resume: resumed - taken_up,
        records,
        involvements: answers.iter().map(|answer| answer.involved.len()).sum(),
        keys_waiting: status.keys_waiting,
        own_tags: status.tags_published,
        left_to_keep,
    })
}

fn replied(said: Vec<Outbound>) -> Option<Reply> {
    said.into_iter().find_map(|said| match said {
        Outbound::Reply { reply, .. } => Some(reply),
        Outbound::Request { .. }
        | Outbound::Respond { .. }
        | Outbound::Evaluate(_)
        | Outbound::Gossip { .. }
        | Outbound::Members(_)
        | Outbound::Notice(_) => None,
    })
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this is for")]
fn instant() -> Instant {
    Instant::now()
}
