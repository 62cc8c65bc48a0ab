//! Documents that are signed with a member's own key and say what is not so.

use crypto::{Digest, Document, Signed, SigningKey, Unverified, cbor, digest};
use domain::{CircleId, Epoch, NetworkId, Oin, Timestamp};
use index::{FeedId, HeadDocument, HeaderDocument};
use protocol::ceremony::{
    CeremonyRequest, CeremonyResponse, ComplaintDocument, EchoDocument, Part, Round1Document, Round2Document,
};
use protocol::feed::FeedResponse;

use crate::{Dice, Founding};

/// Who forges, and with what.
pub(super) struct Forger {
    pub(super) network: NetworkId,
    pub(super) oin: Oin,
    pub(super) key: SigningKey,
}

/// Reads a signed document without asking whether the signature is good.
pub(super) fn read<T: Document + Clone>(wire: &[u8]) -> Option<T> {
    Unverified::<T>::parse(wire).ok().map(|unverified| unverified.claimed().clone())
}

impl Forger {
    fn sign<T: Document>(&self, document: T) -> Vec<u8> {
        Signed::sign(document, &self.key).to_wire()
    }

    /// A head that says something else.
    pub(super) fn head(&self, wire: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
        let mut head = read::<HeadDocument>(wire)?;
        match dice.below(10) {
            0 => head.network = NetworkId::from_bytes([1; 32]),
            1 => self.other_feed(&mut head.feed, dice),
            2 => head.sequence = other_number(head.sequence, dice),
            3 => head.generation = head.generation.saturating_add(u32::try_from(dice.below(3)).unwrap_or(0)),
            4 => head.header = random_digest(dice),
            5 => head.time = other_time(head.time, dice),
            6 => head.backlog = !head.backlog,
            7 => head.roster_version = head.roster_version.saturating_add(1 + dice.pick(40) as u32),
            8 => head.roster = random_digest(dice),
            _ => head.key_sets = (0..dice.below(4)).map(|_| random_digest(dice)).collect(),
        }
        Some(self.sign(head))
    }

    fn header(&self, wire: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
        let mut header = read::<HeaderDocument>(wire)?;
        match dice.below(9) {
            0 => header.network = NetworkId::from_bytes([1; 32]),
            1 => self.other_feed(&mut header.feed, dice),
            2 => header.sequence = other_number(header.sequence, dice),
            3 => header.generation = header.generation.saturating_add(1),
            4 => header.previous = Some(random_digest(dice)),
            5 => header.body = random_digest(dice),
            6 => header.added = header.added.saturating_add(dice.pick(5_000) as u32),
            7 => header.withdrawn = header.withdrawn.saturating_add(dice.pick(5_000) as u32),
            _ => header.time = other_time(header.time, dice),
        }
        Some(self.sign(header))
    }

    fn other_feed(&self, feed: &mut FeedId, dice: &mut Dice) {
        match dice.below(3) {
            0 => feed.publisher = Founding::oin(1 + dice.pick(5)),
            1 => feed.circle = CircleId::from_bytes([9; 16]),
            _ => feed.epoch = Epoch(feed.epoch.0.saturating_add(1)),
        }
    }

    /// An answer of the feed conversation in which documents say something else, or that is another answer.
    pub(super) fn feed_response(&self, response: FeedResponse, dice: &mut Dice) -> Option<Vec<u8>> {
        let forged = match response {
            FeedResponse::Heads { mut heads } => {
                for wire in &mut heads {
                    if let Some(forged) = self.head(wire, dice) {
                        *wire = forged.into();
                    }
                }
                FeedResponse::Heads { heads }
            }
            FeedResponse::Headers { mut headers } => {
                let place = dice.pick(headers.len());
                match (headers.get_mut(place), dice.below(4)) {
                    (Some(_), 0) => headers.clear(),
                    (Some(_), 1) => headers.reverse(),
                    (Some(wire), _) => *wire = self.header(wire, dice)?.into(),
                    (None, _) => return None,
                }
                FeedResponse::Headers { headers }
            }
            FeedResponse::Bodies { mut bodies } => {
                if let Some(bytes) = bodies.first_mut() {
                    flip(bytes, dice);
                }
                FeedResponse::Bodies { bodies }
            }
            FeedResponse::Newest { header, head } => {
                let header = header.map(|wire| self.header(&wire, dice).map_or(wire, Into::into));
                let head = head.map(|wire| self.head(&wire, dice).map_or(wire, Into::into));
                FeedResponse::Newest { header, head }
            }
            FeedResponse::Proofs { mut proofs } => {
                if let Some(bytes) = proofs.first_mut() {
                    flip(bytes, dice);
                }
                FeedResponse::Proofs { proofs }
            }
            FeedResponse::Unknown => FeedResponse::Newest { header: None, head: None },
        };
        Some(cbor::to_vec(&forged))
    }

    /// A frame of a ceremony in which what this keyholder says is a lie.
    pub(super) fn lies(&self, frame: &[u8], is_response: bool, dice: &mut Dice) -> Option<Vec<u8>> {
        if is_response {
            let CeremonyResponse::Exchange { parts } = cbor::from_slice(frame).ok()? else { return None };
            return Some(cbor::to_vec(&CeremonyResponse::Exchange { parts: self.lying(parts, dice) }));
        }
        let CeremonyRequest::Exchange { ceremony, parts } = cbor::from_slice(frame).ok()? else {
            return None;
        };
        Some(cbor::to_vec(&CeremonyRequest::Exchange { ceremony, parts: self.lying(parts, dice) }))
    }

    fn lying(&self, parts: Vec<Part>, dice: &mut Dice) -> Vec<Part> {
        let mut told: Vec<Part> = Vec::new();
        let own_index = parts.iter().find_map(|part| match part {
            Part::Round1(wire) => {
                let document = read::<Round1Document>(wire)?;
                (document.signer == self.oin).then_some(document.index)
            }
            Part::Round2(_)
            | Part::Echo(_)
            | Part::Complaint(_)
            | Part::Disclosure(_)
            | Part::KeySet(_)
            | Part::Abandonment(_) => None,
        });
        for part in parts {
            if let Part::Round2(wire) = &part
                && dice.percent(10)
                && let (Some(index), Some(about)) = (own_index, read::<Round2Document>(wire))
            {
                told.push(Part::Complaint(self.complaint(index, &about)));
            }
            if dice.percent(70) {
                told.push(part);
            } else {
                told.extend(self.lie(&part, dice));
            }
        }
        told
    }

    /// A complaint of a package in which nothing is wrong.
    fn complaint(&self, index: u16, about: &Round2Document) -> Vec<u8> {
        self.sign(ComplaintDocument {
            kind: crypto::TypeName::new(),
            network: self.network,
            signer: self.oin,
            ceremony: about.ceremony,
            index,
            accused: about.index,
            package: digest(Round2Document::LABEL, &[&cbor::to_vec(about)]),
        })
    }

    fn lie(&self, part: &Part, dice: &mut Dice) -> Option<Part> {
        Some(match part {
            Part::Round1(wire) => {
                let mut document =
                    read::<Round1Document>(wire).filter(|document| document.signer == self.oin)?;
                flip(&mut document.package, dice);
                Part::Round1(self.sign(document))
            }
            Part::Round2(wire) => {
                let mut document =
                    read::<Round2Document>(wire).filter(|document| document.signer == self.oin)?;
                let place = dice.pick(document.shares.len());
                match document.shares.get_mut(place) {
                    Some(share) if dice.percent(50) => flip(&mut share.sealed, dice),
                    Some(_) => drop(document.shares.remove(place)),
                    None => {}
                }
                Part::Round2(self.sign(document))
            }
            Part::Echo(wire) => {
                let mut document = read::<EchoDocument>(wire)?;
                document.transcript = random_digest(dice);
                Part::Echo(self.sign(document))
            }
            Part::Complaint(_) | Part::Abandonment(_) => return None,
            Part::Disclosure(wire) | Part::KeySet(wire) => {
                let mut wire = wire.clone();
                flip(&mut wire, dice);
                Part::KeySet(wire)
            }
        })
    }
}

fn flip(bytes: &mut [u8], dice: &mut Dice) {
    let place = dice.pick(bytes.len());
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1 << dice.below(8);
    }
}

fn random_digest(dice: &mut Dice) -> Digest {
    digest("a digest of nothing", &[&dice.roll().to_be_bytes()])
}

fn other_number(number: u64, dice: &mut Dice) -> u64 {
    match dice.below(4) {
        0 => number.saturating_add(1),
        1 => number.saturating_sub(1),
        2 => number.saturating_add(1_000),
        _ => u64::MAX,
    }
}

fn other_time(time: Timestamp, dice: &mut Dice) -> Timestamp {
    match dice.below(4) {
        0 => Timestamp(0),
        1 => time.plus(250),
        2 => time.plus(100_000),
        _ => Timestamp(u64::MAX),
    }
}
