//! One ceremony as one keyholder runs it: from packages of the others to a complete key set.
//!
//! Everything the machine makes follows from its seed and from the packages it accepted, so a restarted keyholder that
//! kept both says exactly what it said before.

mod exchange;
mod judging;
mod pace;
mod shares;
mod signing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crypto::dkg::{self, Round1Secret, Round2Secret};
use crypto::{
    CeremonyId, Digest, KeySet, KeySetDocument, KeyShare, Keyholder, KeyholderSection, SealingKey, Seed,
    Signature, Signed, SignedKeySet, TypeName, VerifyingKey, digest,
};
use domain::{Oin, Timestamp};
use zeroize::Zeroizing;

pub(crate) use self::judging::Accused;
use self::judging::Liars;
use self::pace::Pace;
use super::message::{EchoDocument, Round1Document, Round2Document};
use crate::Refused;
use crate::effects::Identity;

/// A ceremony under way or complete.
pub(crate) struct Ceremony {
    id: CeremonyId,
    /// The session: the attempt among its participants.
    digest: Digest,
    section: KeyholderSection,
    participants: BTreeSet<u16>,
    me: u16,
    span: Span,
    seed: Seed,
    sealing: SealingKey,
    round1_secret: Round1Secret,
    round1: BTreeMap<u16, Signed<Round1Document>>,
    round2: BTreeMap<u16, Signed<Round2Document>>,
    /// What the own round 2 package was made of.
    dealt: Option<Dealt>,
    /// The own shares, opened.
    shares: BTreeMap<u16, Zeroizing<Vec<u8>>>,
    complaints: BTreeMap<(u16, u16), Vec<u8>>,
    disclosures: BTreeMap<(u16, u16), Vec<u8>>,
    echoes: BTreeMap<u16, Signed<EchoDocument>>,
    result: Option<Signing>,
    /// The verifying share of the own share, when an earlier run kept one: others may have completed meanwhile and
    /// destroyed what the share was made of.
    kept_share: Option<[u8; 32]>,
    /// Key sets signed by others before the own one was ready, by who brought them.
    early: BTreeMap<u16, SignedKeySet>,
    /// A key set that everybody else signed already, before the own one was ready.
    finished: Option<(KeySet, SignedKeySet)>,
    complete: Option<(KeySet, Vec<u8>)>,
    liars: Liars,
    pace: Pace,
}

/// When an attempt was begun here, and until when this keyholder waits before it gives it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) began: Timestamp,
    pub(crate) deadline: Timestamp,
}

/// What an earlier run of the same attempt left.
#[derive(Default)]
pub(crate) struct KeptAttempt {
    /// The round 1 packages that it held.
    pub(crate) round1: Vec<Vec<u8>>,
    /// The round 2 packages that it held.
    pub(crate) round2: Vec<Vec<u8>>,
    /// The verifying share of the own share.
    pub(crate) verifying_share: Option<[u8; 32]>,
}

struct Dealt {
    secret: Round2Secret,
    shares: BTreeMap<u16, Zeroizing<Vec<u8>>>,
}

struct Signing {
    document: KeySetDocument,
    signatures: BTreeMap<u16, Signature>,
}

/// What a keyholder must make durable before it says more.
pub(crate) enum Milestone {
    /// A package or an echo is signed over packages of others: the secret file must hold those, or a restart could sign
    /// another.
    Bound,
    /// The own share is made: it must be kept before the key set is signed.
    ShareMade(KeyShare),
    /// The key set is complete.
    Complete(KeySet, Vec<u8>),
}

impl Ceremony {
    /// Starts an attempt among some keyholders of a section, or starts it again after a restart with the same `seed`
    /// and what was kept.
    ///
    /// `None` when this organisation does not take part or the participants cannot hold a ceremony.
    pub(crate) fn start(
        id: CeremonyId,
        (section, participants): (KeyholderSection, BTreeSet<u16>),
        identity: &Identity,
        seed: Seed,
        span: Span,
        kept: &KeptAttempt,
    ) -> Option<Self> {
        let me = section.keyholders.iter().find(|keyholder| keyholder.oin == identity.oin)?.index;
        let session = id.session(&participants);
        let (round1_secret, package) =
            dkg::start(me, &participants, section.threshold, &seed.derive("round1", 0)).ok()?;
        let sealing = SealingKey::from_seed(&seed.derive("sealing", 0));
        let document = Round1Document {
            kind: TypeName::new(),
            network: id.network,
            signer: identity.oin,
            ceremony: session,
            index: me,
            package,
            sealing_key: sealing.public(),
            attempt: id.attempt,
            participants: participants.iter().copied().collect(),
        };
        let mut ceremony = Self {
            digest: session,
            id,
            section,
            participants,
            me,
            span,
            seed,
            sealing,
            round1_secret,
            round1: BTreeMap::from([(me, Signed::sign(document, &identity.key))]),
            round2: BTreeMap::new(),
            dealt: None,
            shares: BTreeMap::new(),
            complaints: BTreeMap::new(),
            disclosures: BTreeMap::new(),
            echoes: BTreeMap::new(),
            result: None,
            kept_share: kept.verifying_share,
            early: BTreeMap::new(),
            finished: None,
            complete: None,
            liars: Liars::default(),
            pace: Pace::default(),
        };
        for wire in &kept.round1 {
            ceremony.take_round1(wire, &mut Refused::default());
        }
        for wire in &kept.round2 {
            ceremony.take_round2(wire, &mut Refused::default());
        }
        Some(ceremony)
    }

    pub(crate) fn id(&self) -> &CeremonyId {
        &self.id
    }

    pub(crate) fn seed(&self) -> &Seed {
        &self.seed
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Moves the span when the clock was set: what counts is time that passed.
    pub(crate) fn clock_jumped(&mut self, from: Timestamp, to: Timestamp) {
        let moved =
            |moment: Timestamp| Timestamp(moment.plus(to.since(from)).0.saturating_sub(from.since(to)));
        self.span = Span { began: moved(self.span.began), deadline: moved(self.span.deadline) };
        self.pace.clock_jumped(moved);
    }

    pub(crate) fn participants(&self) -> &BTreeSet<u16> {
        &self.participants
    }

    /// The other participants.
    pub(crate) fn others(&self) -> impl Iterator<Item = Oin> {
        self.members().filter(|keyholder| keyholder.index != self.me).map(|keyholder| keyholder.oin)
    }

    pub(crate) fn index_of(&self, oin: &Oin) -> Option<u16> {
        self.members().find(|keyholder| keyholder.oin == *oin).map(|keyholder| keyholder.index)
    }

    /// The keyholders that take part.
    fn members(&self) -> impl Iterator<Item = &Keyholder> {
        let takes_part = |keyholder: &&Keyholder| self.participants.contains(&keyholder.index);
        self.section.keyholders.iter().filter(takes_part)
    }

    /// The packages of round 1 and those of round 2 that are held, as bytes, for the secret file.
    pub(crate) fn packages(&self) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let round1 = self.round1.values().map(Signed::to_wire).collect();
        (round1, self.round2.values().map(Signed::to_wire).collect())
    }

    /// Goes as far as what is held allows. Each milestone is returned once.
    pub(crate) fn advance(&mut self, identity: &Identity, now: Timestamp) -> Vec<Milestone> {
        let mut reached = Vec::new();
        if self.complete.is_some() {
            return reached;
        }
        if self.liars.is_empty() {
            self.go_on(identity, &mut reached);
        }
        self.note_pace(now);
        // Complete is complete, whatever else one of its signers did.
        reached.extend(self.complete());
        reached
    }

    fn go_on(&mut self, identity: &Identity, reached: &mut Vec<Milestone>) {
        let has_dealt = self.deal(identity);
        self.open_shares(identity);
        self.answer_complaints(identity);
        if self.echo(identity) || has_dealt {
            reached.push(Milestone::Bound);
        }
        reached.extend(self.sign_key_set(identity));
    }

    /// With all packages and shares in hand, says which packages those are. Whether it was now.
    fn echo(&mut self, identity: &Identity) -> bool {
        let has_all = self.has_all_packages() && self.shares.len() + 1 == self.participants.len();
        if !has_all || self.echoes.contains_key(&self.me) {
            return false;
        }
        let echo = EchoDocument {
            kind: TypeName::new(),
            network: self.id.network,
            signer: identity.oin,
            ceremony: self.digest,
            index: self.me,
            transcript: self.transcript(),
        };
        self.echoes.insert(self.me, Signed::sign(echo, &identity.key));
        true
    }

    /// A participant.
    fn keyholder(&self, index: u16) -> Option<(Oin, VerifyingKey)> {
        let found = self.members().find(|keyholder| keyholder.index == index)?;
        Some((found.oin, found.key))
    }

    fn has_all_round1(&self) -> bool {
        self.round1.len() == self.participants.len()
    }

    fn has_all_packages(&self) -> bool {
        self.has_all_round1() && self.round2.len() == self.participants.len()
    }

    fn packages_of_others(&self) -> BTreeMap<u16, Vec<u8>> {
        let others = self.round1.iter().filter(|(index, _)| **index != self.me);
        others.map(|(index, signed)| (*index, signed.document().package.clone())).collect()
    }

    /// What an echo says: one digest over every package held.
    fn transcript(&self) -> Digest {
        let round1 = self.round1.values().map(Signed::digest);
        let digests: Vec<Digest> = round1.chain(self.round2.values().map(Signed::digest)).collect();
        let mut fields: Vec<&[u8]> = vec![self.digest.as_bytes()];
        fields.extend(digests.iter().map(|digest| digest.as_bytes().as_slice()));
        digest("samenhang ceremony transcript v1", &fields)
    }
}
