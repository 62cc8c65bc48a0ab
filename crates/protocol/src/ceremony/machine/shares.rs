//! Shares: sealed to every other keyholder, opened from every other, disputed when they do not fit.
//!
//! No share comes into the open because it did not come. Whoever can keep messages from one honest keyholder would
//! otherwise have every dealer show that one's share, and with t−1 keyholders of its own have the key.

use crypto::{Digest, Signed, TypeName, dkg};

use super::{Ceremony, Dealt};
use crate::ceremony::message::{ComplaintDocument, DisclosureDocument, Round2Document, SealedShare};
use crate::effects::Identity;

const SHARE_LABEL: &str = "samenhang ceremony share v1";

impl Ceremony {
    /// With all round 1 packages in hand, seals its share to every other keyholder. Once; whether it was now.
    pub(super) fn deal(&mut self, identity: &Identity) -> bool {
        if self.dealt.is_some() || !self.has_all_round1() {
            return false;
        }
        let (secret, shares) = match self.round1_secret.distribute(&self.packages_of_others()) {
            Ok(distributed) => distributed,
            Err(error) => {
                if let Some(index) = error.culprit() {
                    self.liars.convict(index, "sent a round 1 package without a valid proof of knowledge");
                }
                return false;
            }
        };
        let mut sealed = Vec::new();
        for (index, share) in &shares {
            let Some(to) = self.round1.get(index) else { continue };
            let seed = self.seed.derive("round2", u64::from(*index));
            let aad = share_aad(self.digest, self.me, *index);
            let Ok(bytes) = to.document().sealing_key.seal(SHARE_LABEL, &aad, share, &seed) else {
                self.liars.convict(*index, "sent a sealing key that cannot be sealed to");
                return false;
            };
            sealed.push(SealedShare { recipient: *index, sealed: bytes });
        }
        let document = Round2Document {
            kind: TypeName::new(),
            network: self.id.network,
            signer: identity.oin,
            ceremony: self.digest,
            index: self.me,
            shares: sealed,
        };
        self.round2.insert(self.me, Signed::sign(document, &identity.key));
        self.dealt = Some(Dealt { secret, shares });
        true
    }

    /// Opens what arrived sealed; complains of what does not open or does not fit.
    pub(super) fn open_shares(&mut self, identity: &Identity) {
        if !self.has_all_round1() {
            return;
        }
        let mut unfit = Vec::new();
        for (index, package) in &self.round2 {
            let is_settled =
                self.shares.contains_key(index) || self.complaints.contains_key(&(self.me, *index));
            let mine = package.document().shares.iter().find(|share| share.recipient == self.me);
            let (Some(mine), Some(dealer), false) = (mine, self.round1.get(index), is_settled) else {
                continue;
            };
            let aad = share_aad(self.digest, *index, self.me);
            let share = self.sealing.open(SHARE_LABEL, &aad, &mine.sealed).ok();
            match share.filter(|share| dkg::share_is_valid(&dealer.document().package, self.me, share)) {
                Some(share) => drop(self.shares.insert(*index, share)),
                None => unfit.push((*index, package.digest())),
            }
        }
        for (index, package) in unfit {
            self.complain(identity, index, package);
        }
    }

    fn complain(&mut self, identity: &Identity, accused: u16, package: Digest) {
        let complaint = ComplaintDocument {
            kind: TypeName::new(),
            network: self.id.network,
            signer: identity.oin,
            ceremony: self.digest,
            index: self.me,
            accused,
            package,
        };
        let wire = || Signed::sign(complaint, &identity.key).to_wire();
        self.complaints.entry((self.me, accused)).or_insert_with(wire);
    }

    /// Brings each share that was complained of into the open.
    pub(super) fn answer_complaints(&mut self, identity: &Identity) {
        let Some(sent) = &self.dealt else { return };
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
