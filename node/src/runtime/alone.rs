//! A node without network: the state machine and the store, for commands given while no node runs.
//!
//! It answers what the disk knows, registers and withdraws signals; their keys wait for the next start. Since it
//! hears nobody, it calls nobody current.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use index::UnitMatrix;
use protocol::{Batch, Command, CommandId, Input, Node, NodeConfig, Outbound, Reply};
use roster::{RosterChain, VerifiedRoster};
use store::{MAX_WRITES, Snapshot, Store};

use super::taking_up::taken_up;
use super::{Accounting, NodeIdentity, NodeSecrets, now, random_seed};

/// Holds the data folder's lock as long as it lives.
pub(crate) struct Alone {
    roster: Arc<VerifiedRoster>,
    logical_bytes: u64,
    parts: Mutex<(Node, Store)>,
}

impl Alone {
    /// Takes up what the store holds.
    pub(crate) fn new(
        identity: &NodeIdentity,
        store: Store,
        chain: RosterChain,
        units: UnitMatrix,
        accounting: Accounting,
    ) -> Result<Self> {
        let config = NodeConfig {
            oin: identity.oin,
            organisation_key: identity.secrets.organisation_key(),
            log_key: identity.secrets.log_key(),
            cosignature_key: identity.secrets.cosignature_key(),
            chain,
            seed: random_seed()?,
            units,
            configuration: accounting.configuration,
            retention: accounting.retention,
            inform_within_days: accounting.inform_within_days,
            hear_before_signing: true,
        };
        let (node, logical_bytes) = taken_up(config, &store, now())?;
        Ok(Self { roster: Arc::new(node.roster().clone()), logical_bytes, parts: Mutex::new((node, store)) })
    }

    /// The roster in force.
    pub(crate) fn roster(&self) -> Arc<VerifiedRoster> {
        Arc::clone(&self.roster)
    }

    /// Bytes of the records when they were read.
    pub(crate) fn logical_bytes(&self) -> u64 {
        self.logical_bytes
    }

    /// What goes into a backup.
    pub(crate) fn snapshot(&self) -> Result<Snapshot> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(parts.1.snapshot(&NodeSecrets::names(), &NodeSecrets::names_if_there())?)
    }

    /// Looks at the store. Blocks.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        look(&parts.1)
    }

    /// Gives a command; replies when what it did is durable. Blocks.
    pub(crate) fn command(&self, command: Command) -> Result<Reply> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let (node, store) = &mut *parts;
        let mut replied = None;
        let mut batch = Batch::default();
        let mut hear = |said: Vec<Outbound>| {
            for said in said {
                if let Outbound::Reply { reply, .. } = said {
                    replied = Some(reply);
                }
            }
        };
        for step in node.handle(Input::Command { id: CommandId(1), command }, now()) {
            if batch.writes_len() + step.writes_len() > MAX_WRITES {
                hear(std::mem::take(&mut batch).commit(store)?);
            }
            batch.push(step);
        }
        hear(batch.commit(store)?);
        replied
            .map(without_network)
            .context("the node gave no reply; this is a mistake in the program: report it")
    }
}

/// Whoever was current when the node last ran may have published since.
fn without_network(mut reply: Reply) -> Reply {
    match &mut reply {
        Reply::Who(Ok(answer)) => answer.completeness.own_work_left(),
        Reply::WhoAll(answers) => answers.iter_mut().for_each(|answer| answer.completeness.own_work_left()),
        Reply::Status(status) => status.completeness.own_work_left(),
        Reply::Who(Err(_))
        | Reply::Imported(_)
        | Reply::Withdrawn(_)
        | Reply::Renewed(_)
        | Reply::Decided(_)
        | Reply::Roster(_)
        | Reply::NextRoster(_)
        | Reply::Logged
        | Reply::Signals(_)
        | Reply::Rights(_) => {}
    }
    reply
}
