//! All versions of one network's roster that a node holds, genesis first.

use std::collections::BTreeMap;

use crypto::{Digest, KeyholderSection, VerifyingKey};
use domain::{Epoch, NetworkId, Oin};

use crate::{RosterError, SignedRoster, VerifiedRoster};

/// A verified chain from genesis to the version in force. Never empty.
#[derive(Clone, Debug)]
pub struct RosterChain {
    signed: Vec<SignedRoster>,
    newest: VerifiedRoster,
    first_epoch: Epoch,
    /// Keyholders of every version: a key set stays bound to those who made it.
    sections: BTreeMap<Digest, KeyholderSection>,
    /// The version that first named each.
    section_versions: BTreeMap<Digest, u32>,
    /// Organisation keys of members of every version, the newest last.
    organisation_keys: BTreeMap<Oin, Vec<VerifyingKey>>,
}

impl RosterChain {
    /// Starts a chain with its genesis roster; with `expected` only that of the named network.
    ///
    /// # Errors
    /// As [`VerifiedRoster::genesis`].
    pub fn found(genesis: SignedRoster, expected: Option<NetworkId>) -> Result<Self, RosterError> {
        let newest = VerifiedRoster::genesis(&genesis, expected)?;
        let section = newest.keyholder_section();
        let mut chain = Self {
            signed: vec![genesis],
            first_epoch: Epoch(newest.rules().epoch.anchor_epoch),
            newest,
            section_versions: BTreeMap::from([(section.digest(), 1)]),
            sections: BTreeMap::from([(section.digest(), section)]),
            organisation_keys: BTreeMap::new(),
        };
        chain.note_keys();
        Ok(chain)
    }

    /// Accepts the version after the newest.
    ///
    /// # Errors
    /// As [`VerifiedRoster::successor`]; the chain is then as it was.
    pub fn accept(&mut self, next: SignedRoster) -> Result<(), RosterError> {
        let newest = self.newest.successor(&next)?;
        let section = newest.keyholder_section();
        self.section_versions.entry(section.digest()).or_insert(newest.version());
        self.sections.insert(section.digest(), section);
        self.signed.push(next);
        self.newest = newest;
        self.note_keys();
        Ok(())
    }

    fn note_keys(&mut self) {
        for member in self.newest.members() {
            let keys = self.organisation_keys.entry(member.oin).or_default();
            if keys.last() != Some(&member.keys.organisation) {
                keys.push(member.keys.organisation);
            }
        }
    }

    /// Every key that an organisation has had in some version, the newest first.
    ///
    /// Only for what an organisation signed itself and wants to recognise as its own. A document of another is good
    /// only under the key in force: an older key was replaced because somebody else may have it.
    pub fn keys_ever(&self, oin: &Oin) -> impl Iterator<Item = VerifyingKey> {
        self.organisation_keys.get(oin).into_iter().flatten().rev().copied()
    }

    /// The version in force.
    #[must_use]
    pub fn newest(&self) -> &VerifiedRoster {
        &self.newest
    }

    /// The epoch with which the network began.
    #[must_use]
    pub fn first_epoch(&self) -> Epoch {
        self.first_epoch
    }

    /// Every version as signed, genesis first.
    pub fn signed(&self) -> impl Iterator<Item = &SignedRoster> {
        self.signed.iter()
    }

    /// The version after `version`, as signed.
    #[must_use]
    pub fn after(&self, version: u32) -> Option<&SignedRoster> {
        self.signed.get(usize::try_from(version).ok()?)
    }

    /// The version of the roster that first named these keyholders; 0 for those that none names.
    #[must_use]
    pub fn section_version(&self, digest: &Digest) -> u32 {
        self.section_versions.get(digest).copied().unwrap_or_default()
    }

    /// The keyholders that a digest names, of whichever version.
    #[must_use]
    pub fn section(&self, digest: &Digest) -> Option<&KeyholderSection> {
        self.sections.get(digest)
    }
}
