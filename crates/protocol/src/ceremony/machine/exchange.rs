//! What keyholders exchange: the parts that one has for another, and what is taken in of those it gets.
//!
//! A part is verified before it is looked at, and taken in any order and any number of times.

use crypto::{Digest, Document, Signed, SignedKeySet, Unverified, dkg};
use domain::{NetworkId, Oin};
use zeroize::Zeroizing;

use super::Ceremony;
use crate::Refused;
use crate::ceremony::message::{
    ComplaintDocument, DisclosureDocument, EchoDocument, Part, Round1Document, Round2Document,
};

/// Longest round 1 package that is passed on: commitments of the most keyholders a roster may name, 32 bytes each,
/// with room to spare.
const MAX_PACKAGE_BYTES: usize = 2_048;

/// Longest sealed share: 32 bytes and the overhead of sealing.
const MAX_SEALED_BYTES: usize = 256;

impl Ceremony {
    /// Everything this keyholder has, for any other.
    pub(crate) fn parts(&self) -> Vec<Part> {
        if let Some((_, wire)) = &self.complete {
            return vec![Part::KeySet(wire.clone())];
        }
        let mut parts: Vec<Part> =
            self.round1.values().map(|signed| Part::Round1(signed.to_wire())).collect();
        parts.extend(self.round2.values().map(|signed| Part::Round2(signed.to_wire())));
        parts.extend(self.complaints.values().cloned().map(Part::Complaint));
        parts.extend(self.disclosures.values().cloned().map(Part::Disclosure));
        parts.extend(self.echoes.values().map(|signed| Part::Echo(signed.to_wire())));
        parts.extend(self.result.as_ref().map(|result| Part::KeySet(result.so_far())));
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
                Part::Abandonment(_) => {}
            }
        }
        self.compare_echo(from, parts);
    }

    /// Reads a part and checks signature, signer, network and session, all at once. One of another session is nobody's
    /// mistake: keyholders pass from attempt to attempt at different moments.
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
        if claimed.ceremony != self.digest {
            return None;
        }
        let belongs = claimed.network == self.id.network;
        let key = self.keyholder(claimed.index).filter(|(oin, _)| *oin == claimed.signer).map(|(_, key)| key);
        let verified = key.filter(|_| belongs).and_then(|key| unverified.verify(&key).ok());
        if verified.is_none() {
            refused.bad_signatures += 1;
        }
        verified
    }

    pub(super) fn take_round1(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &Round1Document| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let index = signed.document().index;
        let session = (signed.document().attempt, signed.document().participants.iter());
        if session.0 != self.id.attempt || !session.1.eq(&self.participants) {
            self.liars.convict(index, "names another session than it signed its round 1 package for");
            return;
        }
        if signed.document().package.len() > MAX_PACKAGE_BYTES {
            self.liars.convict(index, "signed an oversized round 1 package");
            return;
        }
        match self.round1.get(&index) {
            None => {
                self.round1.insert(index, signed);
            }
            Some(held) if held.bytes() != signed.bytes() => {
                self.liars.convict(index, "signed two different round 1 packages");
            }
            Some(_) => {}
        }
    }

    pub(super) fn take_round2(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &Round2Document| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let (index, shares) = (signed.document().index, &signed.document().shares);
        let others = self.participants.iter().filter(|other| **other != index);
        if index == self.me {
            // The own one is what follows from the seed, whoever brings another.
        } else if !shares.iter().map(|share| &share.recipient).eq(others) {
            self.liars.convict(index, "signed a round 2 package that is not for every participant");
        } else if shares.iter().any(|share| share.sealed.len() > MAX_SEALED_BYTES) {
            self.liars.convict(index, "signed an oversized round 2 package");
        } else if self.round2.get(&index).is_some_and(|held| held.bytes() != signed.bytes()) {
            self.liars.convict(index, "signed two different round 2 packages");
        } else {
            self.round2.entry(index).or_insert(signed);
        }
    }

    fn take_echo(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &EchoDocument| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let index = signed.document().index;
        if let Some(held) = self.echoes.get(&index)
            && held.bytes() != signed.bytes()
        {
            self.liars.convict(index, "signed two different echoes");
            return;
        }
        self.echoes.insert(index, signed);
    }

    fn take_complaint(&mut self, wire: &[u8], refused: &mut Refused) {
        let place = |d: &ComplaintDocument| Place::of(d.network, d.ceremony, d.index, d.signer);
        let Some(signed) = self.verified(wire, place, refused) else { return };
        let (accuser, accused) = (signed.document().index, signed.document().accused);
        // Only of a package that is held here as well: whoever did not get one cannot have its share shown.
        let package = self.round2.get(&accused).map(Signed::digest);
        if accuser != accused && package == Some(signed.document().package) {
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
            self.liars.convict(dealer, "disclosed a share that does not fit its commitments");
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
            Ok(_) => {}
            Err(_) if signed.claimed().ceremony() == self.id => {
                self.early.insert(from, signed);
                self.count_signatures(refused);
            }
            Err(_) => {}
        }
    }
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
