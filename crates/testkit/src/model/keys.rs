//! The safety of keys: one for all, and no secret of it in the open.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crypto::{Digest, KeyholderSection};
use domain::{Epoch, KeyClass, Oin};
use protocol::Status;

use super::secrets::{Secrets, Seen};
use crate::{Message, Simulation};

/// An attempt at a key: class, epoch, number, and the keyholders by index.
type Attempt = (KeyClass, Epoch, u32, Vec<(u16, Oin)>);

/// What is known of the keys of a network.
pub(super) struct Keys {
    /// The key set of each attempt, as the first node told it.
    agreed: BTreeMap<Attempt, (usize, Digest)>,
    /// What was made before it happened.
    secrets: Secrets,
    /// Every frame that was sent.
    frames: Rc<RefCell<Seen>>,
}

impl Keys {
    /// Watches the wire from now on.
    pub(super) fn new(secrets: Secrets, net: &mut Simulation) -> Self {
        let frames = watched(net);
        Self { agreed: BTreeMap::new(), secrets, frames }
    }

    /// The newest attempt in which the key of an epoch was made, as far as any node told.
    pub(super) fn made(&self, epoch: Epoch, class: KeyClass) -> Option<u32> {
        let attempts = self.agreed.keys().filter(|(of, at, ..)| (*of, *at) == (class, epoch));
        attempts.map(|(_, _, attempt, _)| *attempt).max()
    }

    /// A node tells which key sets it holds.
    pub(super) fn hear(&mut self, member: usize, status: &Status) -> Result<(), String> {
        let next = status.next.iter().flat_map(|next| &next.ceremonies);
        for ceremony in status.ceremonies.iter().chain(next) {
            let Some(key_set) = &ceremony.key_set else { continue };
            let keyholders = ceremony.keyholders.iter().map(|held| (held.index, held.keyholder)).collect();
            let attempt = (ceremony.class, ceremony.epoch, ceremony.attempt, keyholders);
            let (first, agreed) = *self.agreed.entry(attempt).or_insert((member, key_set.digest));
            if agreed != key_set.digest {
                return Err(format!(
                    "member {member} holds another key set of epoch {} and class {} than member {first}",
                    ceremony.epoch, ceremony.class
                ));
            }
        }
        Ok(())
    }

    /// No secret of a key was in a frame, is kept in the open or by others, and fewer shares than the threshold make no
    /// key.
    pub(super) fn stay_secret(&self, net: &Simulation, sections: &[KeyholderSection]) -> Result<(), String> {
        let mut secrets = self.secrets.clone();
        secrets.learn(net, sections)?;
        secrets.are_not_in(&self.frames.borrow(), net)?;
        secrets.are_their_owners(net)?;
        secrets.need_each_other(usize::from(net.founding().roster.keyholder_section().threshold))
    }
}

/// What is sent from now on.
pub(super) fn watched(net: &mut Simulation) -> Rc<RefCell<Seen>> {
    let frames = Rc::new(RefCell::new(Seen::default()));
    let seen = Rc::clone(&frames);
    net.watch(move |message: &Message| seen.borrow_mut().see(&message.frame));
    frames
}
