//! One ceremony as one keyholder runs it: from packages of the others to a complete key set.
//!
//! Everything the machine makes follows from its seed and from the round 1 packages it accepted, so a restarted
//! keyholder that kept both says exactly what it said before.

mod exchange;
mod judging;
mod shares;
mod signing;

use std::collections::{BTreeMap, BTreeSet};

use crypto::dkg::{self, Round1Secret, Round2Secret};
use crypto::{
    CeremonyId, Digest, KeySet, KeySetDocument, KeyShare, KeyholderSection, SealingKey, Seed, Signature,
    Signed, SignedKeySet, TypeName, VerifyingKey, digest,
};
use domain::{Oin, Timestamp};
use zeroize::Zeroizing;

use self::judging::Liars;
use super::message::{EchoDocument, Round1Document, Round2Document};
use crate::Refused;
use crate::effects::Identity;

/// A ceremony under way or complete.
pub(crate) struct Ceremony {
    id: CeremonyId,
    digest: Digest,
    section: KeyholderSection,
    me: u16,
    deadline: Timestamp,
    seed: Seed,
    sealing: SealingKey,
    round1_secret: Round1Secret,
    round1: BTreeMap<u16, Signed<Round1Document>>,
    round2: Option<Distributed>,
    /// Sealed shares that arrived, opened once every round 1 package is held.
    sealed: BTreeMap<u16, Round2Document>,
    shares: BTreeMap<u16, Zeroizing<Vec<u8>>>,
    complaints: BTreeMap<(u16, u16), Vec<u8>>,
    disclosures: BTreeMap<(u16, u16), Vec<u8>>,
    echoes: BTreeMap<u16, Signed<EchoDocument>>,
    result: Option<Signing>,
    /// The verifying share of the own share, when an earlier run kept one: others may have completed meanwhile and
    /// destroyed what the share was made of.
    kept_share: Option<[u8; 32]>,
    /// Key sets signed by others before the own one was ready.
    early: BTreeMap<u16, SignedKeySet>,
    /// A key set that everybody else signed already, before the own one was ready.
    finished: Option<(KeySet, SignedKeySet)>,
    complete: Option<(KeySet, Vec<u8>)>,
    liars: Liars,
}

struct Distributed {
    secret: Round2Secret,
    shares: BTreeMap<u16, Zeroizing<Vec<u8>>>,
    wires: BTreeMap<u16, Vec<u8>>,
}

struct Signing {
    document: KeySetDocument,
    signatures: BTreeMap<u16, Signature>,
}

/// What a keyholder must make durable before it says more.
pub(crate) enum Milestone {
    /// All round 1 packages are held and echoed: the secret file must hold them.
    Echoed,
    /// The own share is made: it must be kept before the key set is signed.
    ShareMade(KeyShare),
    /// The key set is complete.
    Complete(KeySet, Vec<u8>),
}

impl Ceremony {
    /// Starts a ceremony, or starts it again after a restart with the same `seed` and what was kept: the round 1
    /// packages, and the verifying share of the own share.
    ///
    /// `None` when this organisation is no keyholder of the section or the section cannot hold a ceremony.
    pub(crate) fn start(
        id: CeremonyId,
        section: KeyholderSection,
        identity: &Identity,
        seed: Seed,
        deadline: Timestamp,
        kept: &[Vec<u8>],
        kept_share: Option<[u8; 32]>,
    ) -> Option<Self> {
        let me = section.keyholders.iter().find(|keyholder| keyholder.oin == identity.oin)?.index;
        let participants: BTreeSet<u16> =
            section.keyholders.iter().map(|keyholder| keyholder.index).collect();
        let (round1_secret, package) =
            dkg::start(me, &participants, section.threshold, &seed.derive("round1", 0)).ok()?;
        let sealing = SealingKey::from_seed(&seed.derive("sealing", 0));
        let document = Round1Document {
            kind: TypeName::new(),
            network: id.network,
            signer: identity.oin,
            ceremony: id.digest(),
            index: me,
            package,
            sealing_key: sealing.public(),
        };
        let mut ceremony = Self {
            digest: id.digest(),
            id,
            section,
            me,
            deadline,
            seed,
            sealing,
            round1_secret,
            round1: BTreeMap::from([(me, Signed::sign(document, &identity.key))]),
            round2: None,
            sealed: BTreeMap::new(),
            shares: BTreeMap::new(),
            complaints: BTreeMap::new(),
            disclosures: BTreeMap::new(),
            echoes: BTreeMap::new(),
            result: None,
            kept_share,
            early: BTreeMap::new(),
            finished: None,
            complete: None,
            liars: Liars::default(),
        };
        for wire in kept {
            ceremony.take_round1(wire, &mut Refused::default());
        }
        Some(ceremony)
    }

    pub(crate) fn id(&self) -> &CeremonyId {
        &self.id
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn seed(&self) -> &Seed {
        &self.seed
    }

    pub(crate) fn deadline(&self) -> Timestamp {
        self.deadline
    }

    /// The other participants.
    pub(crate) fn others(&self) -> impl Iterator<Item = Oin> {
        self.section
            .keyholders
            .iter()
            .filter(|keyholder| keyholder.index != self.me)
            .map(|keyholder| keyholder.oin)
    }

    pub(crate) fn index_of(&self, oin: &Oin) -> Option<u16> {
        self.section
            .keyholders
            .iter()
            .find(|keyholder| keyholder.oin == *oin)
            .map(|keyholder| keyholder.index)
    }

    /// The round 1 packages held, as bytes, for the secret file.
    pub(crate) fn round1_wires(&self) -> Vec<Vec<u8>> {
        self.round1.values().map(Signed::to_wire).collect()
    }

    /// Goes as far as what is held allows. Each milestone is returned once.
    pub(crate) fn advance(&mut self, identity: &Identity) -> Vec<Milestone> {
        let mut reached = Vec::new();
        if self.complete.is_some() || !self.liars.is_empty() {
            return reached;
        }
        self.distribute(identity);
        self.open_shares(identity);
        self.answer_complaints(identity);
        if self.shares.len() + 1 == self.section.keyholders.len() && !self.echoes.contains_key(&self.me) {
            let echo = EchoDocument {
                kind: TypeName::new(),
                network: self.id.network,
                signer: identity.oin,
                ceremony: self.digest,
                index: self.me,
                transcript: self.transcript(),
            };
            self.echoes.insert(self.me, Signed::sign(echo, &identity.key));
            reached.push(Milestone::Echoed);
        }
        reached.extend(self.sign_key_set(identity));
        reached.extend(self.complete());
        reached
    }

    fn keyholder(&self, index: u16) -> Option<(Oin, VerifyingKey)> {
        let found = self.section.keyholders.iter().find(|keyholder| keyholder.index == index)?;
        Some((found.oin, found.key))
    }

    fn has_all_round1(&self) -> bool {
        self.round1.len() == self.section.keyholders.len()
    }

    fn packages_of_others(&self) -> BTreeMap<u16, Vec<u8>> {
        let others = self.round1.iter().filter(|(index, _)| **index != self.me);
        others.map(|(index, signed)| (*index, signed.document().package.clone())).collect()
    }

    /// What an echo says: one digest over every round 1 package held.
    fn transcript(&self) -> Digest {
        let digests: Vec<Digest> = self.round1.values().map(Signed::digest).collect();
        let mut fields: Vec<&[u8]> = vec![self.digest.as_bytes()];
        fields.extend(digests.iter().map(|digest| digest.as_bytes().as_slice()));
        digest("samenhang ceremony transcript v1", &fields)
    }
}
