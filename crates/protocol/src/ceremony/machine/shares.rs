//! Shares: sealed to every other keyholder, opened from every other, disputed when they do not fit.

use std::collections::BTreeMap;

use crypto::{Digest, Signed, TypeName, dkg};

use super::{Ceremony, Distributed};
use crate::ceremony::message::{ComplaintDocument, DisclosureDocument, Round2Document};
use crate::effects::Identity;

const SHARE_LABEL: &str = "samenhang ceremony share v1";

impl Ceremony {
    /// With all round 1 packages in hand, seals its share to every other keyholder. Once.
    pub(super) fn distribute(&mut self, identity: &Identity) {
        if self.round2.is_some() || !self.has_all_round1() {
            return;
        }
        let (secret, shares) = match self.round1_secret.distribute(&self.packages_of_others()) {
            Ok(distributed) => distributed,
            Err(error) => {
                if let Some(index) = error.culprit() {
                    self.liars.convict(index, "sent a round 1 package without a valid proof of knowledge");
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
                self.liars.convict(*index, "sent a sealing key that cannot be sealed to");
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

    /// Opens what arrived sealed; complains of what does not open or does not fit.
    pub(super) fn open_shares(&mut self, identity: &Identity) {
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
            self.complain(identity, index);
        }
    }

    fn complain(&mut self, identity: &Identity, accused: u16) {
        let complaint = ComplaintDocument {
            kind: TypeName::new(),
            network: self.id.network,
            signer: identity.oin,
            ceremony: self.digest,
            index: self.me,
            accused,
        };
        let wire = || Signed::sign(complaint, &identity.key).to_wire();
        self.complaints.entry((self.me, accused)).or_insert_with(wire);
    }

    /// Brings each share that was complained of into the open.
    pub(super) fn answer_complaints(&mut self, identity: &Identity) {
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
}

fn share_aad(ceremony: Digest, dealer: u16, recipient: u16) -> Vec<u8> {
    [ceremony.as_bytes().as_slice(), &dealer.to_be_bytes(), &recipient.to_be_bytes()].concat()
}
