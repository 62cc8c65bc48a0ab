//! The safety of ceremonies: one key for all, and no share in the open.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crypto::{Digest, Unverified, cbor};
use domain::{Epoch, KeyClass, Oin};
use protocol::ceremony::{CeremonyRequest, CeremonyResponse, DisclosureDocument, Part};
use protocol::{Conversation, Status};

use crate::{Founding, Message, Simulation};

/// Bytes of a share's secret, at the end of what is kept of it.
const SECRET_BYTES: usize = 32;

/// An attempt at a key: class, epoch, number, and the keyholders by index.
type Attempt = (KeyClass, Epoch, u32, Vec<(u16, Oin)>);

/// What is known of the keys of a network.
pub(super) struct Keys {
    /// The key set of each attempt, as the first node told it.
    agreed: BTreeMap<Attempt, (usize, Digest)>,
    /// Every frame of a ceremony that was sent, when the ceremony is part of what happens.
    frames: Option<Rc<RefCell<BTreeSet<Vec<u8>>>>>,
}

impl Keys {
    pub(super) fn new(is_watched: bool, net: &mut Simulation) -> Self {
        let frames = is_watched.then(|| {
            let frames = Rc::new(RefCell::new(BTreeSet::new()));
            let seen = Rc::clone(&frames);
            net.watch(move |message: &Message| {
                if message.conversation == Some(Conversation::Ceremony) {
                    seen.borrow_mut().insert(message.frame.clone());
                }
            });
            frames
        });
        Self { agreed: BTreeMap::new(), frames }
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

    /// No share that a keyholder holds was in a frame, and no honest keyholder was brought to show what it dealt to
    /// another.
    pub(super) fn stay_secret(&self, net: &Simulation) -> Result<(), String> {
        let Some(frames) = &self.frames else { return Ok(()) };
        for disclosure in frames.borrow().iter().flat_map(|frame| disclosures(frame)) {
            let recipient = Founding::oin(usize::from(disclosure.recipient));
            if !net.is_hostile(disclosure.signer) && !net.is_hostile(recipient) {
                return Err(format!("{} showed what it dealt to {recipient}", disclosure.signer));
            }
        }
        for oin in net.founding().oins() {
            for (name, secret) in net.disk(oin).kept().secrets {
                let (is_share, bytes) = (name.as_str().starts_with("share"), secret.reveal());
                let secret = bytes.get(bytes.len().saturating_sub(SECRET_BYTES)..).unwrap_or_default();
                let shows = |frame: &Vec<u8>| frame.windows(SECRET_BYTES).any(|bytes| bytes == secret);
                if is_share && frames.borrow().iter().any(shows) {
                    return Err(format!("the share of {oin} was sent in the open"));
                }
            }
        }
        Ok(())
    }
}

/// What a frame of a ceremony discloses.
fn disclosures(frame: &[u8]) -> Vec<DisclosureDocument> {
    let asked = cbor::from_slice::<CeremonyRequest>(frame).ok().and_then(|request| match request {
        CeremonyRequest::Exchange { parts, .. } => Some(parts),
        CeremonyRequest::KeySet { .. } => None,
    });
    let answered = cbor::from_slice::<CeremonyResponse>(frame).ok().and_then(|response| match response {
        CeremonyResponse::Exchange { parts } => Some(parts),
        CeremonyResponse::KeySet { .. } | CeremonyResponse::Unknown => None,
    });
    let parts = asked.or(answered).unwrap_or_default();
    let disclosure = |part: &Part| match part {
        Part::Disclosure(wire) => Unverified::<DisclosureDocument>::parse(wire).ok(),
        Part::Round1(_)
        | Part::Round2(_)
        | Part::Echo(_)
        | Part::Complaint(_)
        | Part::KeySet(_)
        | Part::Abandonment(_) => None,
    };
    parts.iter().filter_map(disclosure).map(|document| document.claimed().clone()).collect()
}
