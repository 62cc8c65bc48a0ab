//! One ceremony as one keyholder runs it: from packages of the others to a complete key set.
//!
//! Everything the machine makes follows from its seed and from the round 1 packages it accepted, so a restarted
//! keyholder that kept both says exactly what it said before.

use std::collections::{BTreeMap, BTreeSet};

use crypto::dkg::{self, Round1Secret, Round2Secret};
use crypto::{
    CeremonyId, Digest, Document, KeySet, KeySetDocument, KeyShare, KeyholderSection, SealingKey, Seed,
    Signature, Signed, SignedKeySet, TypeName, Unverified, VerifyingKey, digest,
};
use domain::{NetworkId, Oin, Timestamp};
use zeroize::Zeroizing;

use super::message::{
    ComplaintDocument, DisclosureDocument, EchoDocument, Part, Round1Document, Round2Document,
};
use crate::effects::Identity;
use crate::{CeremonyProblem, Refused};

const SHARE_LABEL: &str = "samenhang ceremony share v1";

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
    /// Key sets signed by others before the own one was ready.
    early: BTreeMap<u16, SignedKeySet>,
    /// A key set that everybody else signed already, before the own one was ready.
    finished: Option<(KeySet, SignedKeySet)>,
    complete: Option<(KeySet, Vec<u8>)>,
    liars: BTreeMap<u16, &'static str>,
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
    /// Starts a ceremony, or starts it again after a restart with the same `seed` and the round 1 packages kept.
    ///
    /// `None` when this organisation is no keyholder of the section or the section cannot hold a ceremony.
    pub(crate) fn start(
        id: CeremonyId,
        section: KeyholderSection,
        identity: &Identity,
        seed: Seed,
        deadline: Timestamp,
        kept: &[Vec<u8>],
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
            early: BTreeMap::new(),
            finished: None,
            complete: None,
            liars: BTreeMap::new(),
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

    /// Everything this keyholder has for another.
    pub(crate) fn parts_for(&self, to: u16) -> Vec<Part> {
        if let Some((_, wire)) = &self.complete {
            return vec![Part::KeySet(wire.clone())];
        }
        let mut parts: Vec<Part> =
            self.round1.values().map(|signed| Part::Round1(signed.to_wire())).collect();
        parts.extend(self.round2.iter().filter_map(|sent| sent.wires.get(&to)).cloned().map(Part::Round2));
        parts.extend(self.complaints.values().cloned().map(Part::Complaint));
        parts.extend(self.disclosures.values().cloned().map(Part::Disclosure));
        parts.extend(self.echoes.get(&self.me).map(|signed| Part::Echo(signed.to_wire())));
        parts.extend(self.result.as_ref().and_then(|result| self.own_key_set(result)).map(Part::KeySet));
        parts
    }

    /// Takes parts that participant `from` brought, its own or passed on.
    pub(crate) fn receive(&mut self, from: u16, parts: &[Part], refused: &mut Refused) {
        for part in parts {
            match part {
                Part::Round1(wire) => self.take_round1(wire, refused),
                Part::Round2(wire) => self.take_round2(wire, refused),
                Part::Echo(wire) => self.take_echo(wire, refused),
                Part::Complaint(wire) => self.take_complaint(wire, refused),
                Part::Disclosure(wire) => self.take_disclosure(wire, refused),
                Part::KeySet(wire) => self.take_key_set(from, wire, refused),
            }
        }
        self.compare_echo(from, parts);
    }

    /// An echo must be of the packages that its signer passes on.
    fn compare_echo(&mut self, from: u16, parts: &[Part]) {
        let Some(echo) = self.echoes.get(&from) else { return };
        if !self.has_all_round1() || echo.document().transcript == self.transcript() {
            return;
        }
        let held: BTreeSet<Vec<u8>> = self.round1.values().map(Signed::to_wire).collect();
        let passed_on: BTreeSet<&Vec<u8>> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Round1(wire) => Some(wire),
                Part::Round2(_)
                | Part::Echo(_)
                | Part::Complaint(_)
                | Part::Disclosure(_)
                | Part::KeySet(_) => None,
            })
            .collect();
        if passed_on.len() == held.len() && passed_on.into_iter().all(|wire| held.contains(wire)) {
            self.liars.entry(from).or_insert("echoed other packages than it passes on");
        }
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

    /// Who lied, and after the deadline who is silent.
    pub(crate) fn problems(&self, now: Timestamp) -> Vec<CeremonyProblem> {
        let class = self.id.class;
        if self.complete.is_some() {
            return Vec::new();
        }
        let mut problems: Vec<CeremonyProblem> = self
            .liars
            .iter()
            .filter_map(|(index, what)| {
                Some(CeremonyProblem::Lying { class, keyholder: self.keyholder(*index)?.0, what })
            })
            .collect();
        if problems.is_empty() && now >= self.deadline {
            let others = self.section.keyholders.iter().filter(|keyholder| keyholder.index != self.me);
            problems.extend(others.filter_map(|keyholder| {
                let what = self.missing_of(keyholder.index)?;
                Some(CeremonyProblem::Missing { class, keyholder: keyholder.oin, what })
            }));
        }
        problems
    }

    fn missing_of(&self, index: u16) -> Option<&'static str> {
        let signed_key_set =
            self.result.as_ref().is_some_and(|result| result.signatures.contains_key(&index));
        if !self.round1.contains_key(&index) {
            Some("round 1 package")
        } else if self
            .complaints
            .keys()
            .any(|key| key.1 == index && !self.disclosures.contains_key(&(key.1, key.0)))
        {
            Some("answer to a complaint")
        } else if self.round2.is_some() && !self.shares.contains_key(&index) {
            Some("round 2 package")
        } else if self.echoes.contains_key(&self.me) && !self.echoes.contains_key(&index) {
            Some("echo")
        } else if self.result.is_some() && !signed_key_set {
            Some("signature on the key set")
        } else {
            None
        }
    }

    fn keyholder(&self, index: u16) -> Option<(Oin, VerifyingKey)> {
        let found = self.section.keyholders.iter().find(|keyholder| keyholder.index == index)?;
        Some((found.oin, found.key))
    }

    /// Reads a part and checks signature, signer, network and ceremony, all at once.
    fn verified<T: Document>(
        &self,
        wire: &[u8],
        place: impl Fn(&T) -> Place,
        refused: &mut Refused,
    ) -> Option<Signed<T>> {
        let Ok(unverified) = Unverified::<T>::parse(wire) else {
            refused.malformed_frames += 1;
            return None;
        };
        let claimed = place(unverified.claimed());
        let belongs = claimed.network == self.id.network && claimed.ceremony == self.digest;
        let key = self.keyholder(claimed.index).filter(|(oin, _)| *oin == claimed.signer).map(|(_, key)| key);
        let verified = key.filter(|_| belongs).and_then(|key| unverified.verify(&key).ok());
        if verified.is_none() {
            refused.bad_signatures += 1;
        }
        verified
    }

    fn take_round1(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &Round1Document| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let index = signed.document().index;
        match self.round1.get(&index) {
            None => {
                self.round1.insert(index, signed);
            }
            Some(held) if held.bytes() != signed.bytes() => {
                self.liars.entry(index).or_insert("signed two different round 1 packages");
            }
            Some(_) => {}
        }
    }

    fn take_round2(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &Round2Document| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let document = signed.into_document();
        let mine = self.keyholder(self.me).is_some_and(|(oin, _)| oin == document.audience);
        if mine && document.index != self.me {
            self.sealed.entry(document.index).or_insert(document);
        }
    }

    fn take_echo(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &EchoDocument| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let index = signed.document().index;
        if let Some(held) = self.echoes.get(&index)
            && held.bytes() != signed.bytes()
        {
            self.liars.entry(index).or_insert("signed two different echoes");
            return;
        }
        self.echoes.insert(index, signed);
    }

    fn take_complaint(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &ComplaintDocument| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let (accuser, accused) = (signed.document().index, signed.document().accused);
        if accuser != accused && self.keyholder(accused).is_some() {
            self.complaints.entry((accuser, accused)).or_insert_with(|| wire.to_vec());
        }
    }

    fn take_disclosure(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &DisclosureDocument| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let disclosed = signed.document();
        let (dealer, recipient) = (disclosed.index, disclosed.recipient);
        // Only a share that was complained of may come into the open, and its dealer's commitments must be held.
        let Some(commitments) = self.round1.get(&dealer).map(|signed| &signed.document().package) else {
            return;
        };
        if !self.complaints.contains_key(&(recipient, dealer)) {
            return;
        }
        if !dkg::share_is_valid(commitments, recipient, &disclosed.share) {
            self.liars.entry(dealer).or_insert("disclosed a share that does not fit its commitments");
            return;
        }
        if recipient == self.me {
            self.shares.insert(dealer, Zeroizing::new(disclosed.share.clone()));
        }
        self.disclosures.entry((dealer, recipient)).or_insert_with(|| wire.to_vec());
    }

    fn take_key_set(&mut self, from: u16, wire: &[u8], refused: &mut Refused) {
        let Ok(signed) = SignedKeySet::parse(wire) else {
            refused.malformed_frames += 1;
            return;
        };
        match signed.verify(&self.section) {
            Ok(key_set) if *key_set.ceremony() == self.id => self.finished = Some((key_set, signed)),
            Ok(_) | Err(_) => {
                self.early.insert(from, signed);
                self.count_signatures(refused);
            }
        }
    }

    /// Counts signatures of others on the key set that this keyholder computed as well.
    fn count_signatures(&mut self, refused: &mut Refused) {
        let Some(result) = &mut self.result else { return };
        let bytes = result.document.to_bytes();
        for (from, signed) in std::mem::take(&mut self.early) {
            let Some(keyholder) = self.section.keyholders.iter().find(|keyholder| keyholder.index == from)
            else {
                continue;
            };
            for (index, signature) in signed.signatures() {
                if *index != from {
                    continue;
                }
                if keyholder.key.verify(KeySetDocument::LABEL, signed.bytes(), signature).is_err() {
                    refused.bad_signatures += 1;
                } else if signed.bytes() == bytes {
                    result.signatures.insert(from, *signature);
                } else {
                    self.liars.entry(from).or_insert("signed another key set than its packages give");
                }
            }
        }
    }

    fn has_all_round1(&self) -> bool {
        self.round1.len() == self.section.keyholders.len()
    }

    fn packages_of_others(&self) -> BTreeMap<u16, Vec<u8>> {
        let others = self.round1.iter().filter(|(index, _)| **index != self.me);
        others.map(|(index, signed)| (*index, signed.document().package.clone())).collect()
    }

    fn distribute(&mut self, identity: &Identity) {
        if self.round2.is_some() || !self.has_all_round1() {
            return;
        }
        let (secret, shares) = match self.round1_secret.distribute(&self.packages_of_others()) {
            Ok(distributed) => distributed,
            Err(error) => {
                if let Some(index) = error.culprit() {
                    self.liars
                        .entry(index)
                        .or_insert("sent a round 1 package without a valid proof of knowledge");
                }
                return;
            }
        };
        let mut wires = BTreeMap::new();
        for (index, share) in &shares {
            let Some(signed) = self.round1.get(index) else { continue };
            let to = signed.document();
            let seed = self.seed.derive("round2", u64::from(*index));
            let aad = share_aad(self.digest, self.me, *index);
            let Ok(sealed) = to.sealing_key.seal(SHARE_LABEL, &aad, share, &seed) else {
                self.liars.entry(*index).or_insert("sent a sealing key that cannot be sealed to");
                return;
            };
            let document = Round2Document {
                kind: TypeName::new(),
                network: self.id.network,
                signer: identity.oin,
                audience: to.signer,
                ceremony: self.digest,
                index: self.me,
                sealed,
            };
            wires.insert(*index, Signed::sign(document, &identity.key).to_wire());
        }
        self.round2 = Some(Distributed { secret, shares, wires });
    }

    fn open_shares(&mut self, identity: &Identity) {
        if !self.has_all_round1() {
            return;
        }
        for (index, document) in std::mem::take(&mut self.sealed) {
            if self.shares.contains_key(&index) {
                continue;
            }
            let Some(dealer) = self.round1.get(&index) else { continue };
            let aad = share_aad(self.digest, index, self.me);
            let share = self.sealing.open(SHARE_LABEL, &aad, &document.sealed).ok();
            let valid = share.filter(|share| dkg::share_is_valid(&dealer.document().package, self.me, share));
            if let Some(share) = valid {
                self.shares.insert(index, share);
                continue;
            }
            let complaint = ComplaintDocument {
                kind: TypeName::new(),
                network: self.id.network,
                signer: identity.oin,
                ceremony: self.digest,
                index: self.me,
                accused: index,
            };
            let wire = Signed::sign(complaint, &identity.key).to_wire();
            self.complaints.entry((self.me, index)).or_insert(wire);
        }
    }

    fn answer_complaints(&mut self, identity: &Identity) {
        let Some(sent) = &self.round2 else { return };
        for (accuser, accused) in self.complaints.keys() {
            if *accused != self.me || self.disclosures.contains_key(&(self.me, *accuser)) {
                continue;
            }
            let Some(share) = sent.shares.get(accuser) else { continue };
            let disclosure = DisclosureDocument {
                kind: TypeName::new(),
                network: self.id.network,
                signer: identity.oin,
                ceremony: self.digest,
                index: self.me,
                recipient: *accuser,
                share: share.to_vec(),
            };
            let wire = Signed::sign(disclosure, &identity.key).to_wire();
            self.disclosures.insert((self.me, *accuser), wire);
        }
    }

    fn transcript(&self) -> Digest {
        let digests: Vec<Digest> = self.round1.values().map(Signed::digest).collect();
        let mut fields: Vec<&[u8]> = vec![self.digest.as_bytes()];
        fields.extend(digests.iter().map(|digest| digest.as_bytes().as_slice()));
        digest("samenhang ceremony transcript v1", &fields)
    }

    /// Signs the key set once everybody echoed the same round 1.
    fn sign_key_set(&mut self, identity: &Identity) -> Option<Milestone> {
        if self.result.is_some() || self.echoes.len() != self.section.keyholders.len() {
            return None;
        }
        let transcript = self.transcript();
        if self.echoes.values().any(|echo| echo.document().transcript != transcript) {
            // Packages are passed on with every exchange: the two that differ meet and name their signer.
            return None;
        }
        let packages = self.packages_of_others();
        let outcome = match self.round2.as_ref()?.secret.finish(&packages, &self.shares) {
            Ok(outcome) => outcome,
            Err(error) => {
                if let Some(index) = error.culprit() {
                    self.liars.entry(index).or_insert("sent a share that does not fit its commitments");
                }
                return None;
            }
        };
        let document = KeySetDocument::new(
            &self.id,
            self.section.threshold,
            &outcome.verifying_shares,
            outcome.group_key,
            transcript,
        );
        let signature = document.sign(&identity.key);
        self.result = Some(Signing { document, signatures: BTreeMap::from([(self.me, signature)]) });
        self.count_signatures(&mut Refused::default());
        Some(Milestone::ShareMade(outcome.share))
    }

    fn own_key_set(&self, result: &Signing) -> Option<Vec<u8>> {
        let signature = result.signatures.get(&self.me)?;
        Some(SignedKeySet::new(&result.document, vec![(self.me, *signature)]).to_wire())
    }

    fn complete(&mut self) -> Option<Milestone> {
        let result = self.result.as_ref()?;
        if result.signatures.len() == self.section.keyholders.len() {
            let signatures =
                result.signatures.iter().map(|(index, signature)| (*index, *signature)).collect();
            let signed = SignedKeySet::new(&result.document, signatures);
            self.complete = signed.verify(&self.section).ok().map(|key_set| (key_set, signed.to_wire()));
        } else if let Some((key_set, signed)) = &self.finished
            && signed.bytes() == result.document.to_bytes()
        {
            // Complete elsewhere. It counts here only because it is the one that the own share belongs to.
            self.complete = Some((key_set.clone(), signed.to_wire()));
        }
        self.complete.as_ref().map(|(key_set, wire)| Milestone::Complete(key_set.clone(), wire.clone()))
    }
}

fn share_aad(ceremony: Digest, dealer: u16, recipient: u16) -> Vec<u8> {
    [ceremony.as_bytes().as_slice(), &dealer.to_be_bytes(), &recipient.to_be_bytes()].concat()
}

/// Where a signed part claims to belong.
struct Place {
    network: NetworkId,
    ceremony: Digest,
    index: u16,
    signer: Oin,
}

impl Place {
    fn of(network: NetworkId, ceremony: Digest, index: u16, signer: Oin) -> Self {
        Self { network, ceremony, index, signer }
    }
}
