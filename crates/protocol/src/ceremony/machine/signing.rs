//! The key set: computed by every keyholder by itself, signed by all, complete with the last signature.

use std::collections::BTreeMap;

use crypto::{Document, KeySet, KeySetDocument, SignedKeySet};

use super::{Ceremony, Milestone, Signing};
use crate::Refused;
use crate::effects::Identity;

impl Ceremony {
    /// Signs the key set once everybody echoed the same round 1.
    pub(super) fn sign_key_set(&mut self, identity: &Identity) -> Option<Milestone> {
        if self.result.is_some() || self.echoes.len() != self.participants.len() {
            return None;
        }
        let transcript = self.transcript();
        if self.echoes.values().any(|echo| echo.document().transcript != transcript) {
            // Packages are passed on with every exchange: the two that differ meet and name their signer.
            return None;
        }
        let packages = self.packages_of_others();
        let outcome = match self.dealt.as_ref()?.secret.finish(&packages, &self.shares) {
            Ok(outcome) => outcome,
            Err(error) => {
                if let Some(index) = error.culprit() {
                    self.liars.convict(index, "sent a share that does not fit its commitments");
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

    /// Counts signatures of participants on the key set that this keyholder computed as well.
    pub(super) fn count_signatures(&mut self, refused: &mut Refused) {
        let Some(result) = &mut self.result else { return };
        let bytes = result.document.to_bytes();
        for signed in std::mem::take(&mut self.early).into_values() {
            for (index, signature) in signed.signatures() {
                let takes_part = self.participants.contains(index) && !result.signatures.contains_key(index);
                let Some(keyholder) = self.section.keyholder(*index).filter(|_| takes_part) else { continue };
                if keyholder.key.verify(KeySetDocument::LABEL, signed.bytes(), signature).is_err() {
                    refused.bad_signatures += 1;
                } else if signed.bytes() == bytes {
                    result.signatures.insert(*index, *signature);
                } else {
                    self.liars.convict(*index, "signed another key set than its packages give");
                }
            }
        }
    }

    /// Joins all signatures, or takes over a complete key set that the own share belongs to.
    pub(super) fn complete(&mut self) -> Option<Milestone> {
        self.complete = self.joined().or_else(|| self.taken_over());
        self.complete.as_ref().map(|(key_set, wire)| Milestone::Complete(key_set.clone(), wire.clone()))
    }

    fn joined(&self) -> Option<(KeySet, Vec<u8>)> {
        let result = self.result.as_ref()?;
        let signatures: Vec<_> =
            result.signatures.iter().map(|(index, signature)| (*index, *signature)).collect();
        let signed = SignedKeySet::new(&result.document, signatures);
        Some((signed.verify(&self.section).ok()?, signed.to_wire()))
    }

    fn taken_over(&self) -> Option<(KeySet, Vec<u8>)> {
        let (key_set, signed) = self.finished.as_ref()?;
        let computed =
            self.result.as_ref().is_some_and(|result| result.document.to_bytes() == signed.bytes());
        let kept = self.kept_share.is_some() && key_set.verifying_share(self.me) == self.kept_share.as_ref();
        // Complete with everybody's signature, and made without anything this run knows of: an earlier run signed it,
        // and its share is lost; or other participants made it. The key serves this organisation like any other that
        // holds no share.
        let is_lost =
            self.result.is_none() && self.kept_share.is_none() || key_set.verifying_share(self.me).is_none();
        (computed || kept || is_lost).then(|| (key_set.clone(), signed.to_wire()))
    }
}

impl Signing {
    /// The key set with the signatures held so far, as it travels until all have signed.
    pub(super) fn so_far(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|(index, signature)| (*index, *signature)).collect();
        SignedKeySet::new(&self.document, signatures).to_wire()
    }
}
