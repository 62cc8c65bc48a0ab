//! What ceremonies yield: key sets, and the own shares of a keyholder.

use std::collections::BTreeMap;

use crypto::{Digest, KeySet, KeyShare, SignedKeySet};
use domain::{Epoch, KeyClass};

use crate::effects::Context;

/// Key sets of the current epoch, and the own shares when this node is a keyholder.
#[derive(Default)]
pub(crate) struct KeyMaterial {
    pub(super) key_sets: BTreeMap<KeyClass, (KeySet, Vec<u8>)>,
    pub(super) shares: BTreeMap<KeyClass, KeyShare>,
}

impl KeyMaterial {
    pub(crate) fn key_set(&self, class: KeyClass) -> Option<&KeySet> {
        self.key_sets.get(&class).map(|(key_set, _)| key_set)
    }

    pub(crate) fn share(&self, class: KeyClass) -> Option<&KeyShare> {
        self.shares.get(&class)
    }

    pub(crate) fn classes(&self) -> impl Iterator<Item = KeyClass> {
        self.key_sets.keys().copied()
    }

    pub(crate) fn class_of(&self, digest: &Digest) -> Option<KeyClass> {
        self.key_sets.iter().find(|(_, (key_set, _))| key_set.digest() == *digest).map(|(class, _)| *class)
    }
}

/// Reads a key set of the current epoch and verifies it.
pub(super) fn verified_key_set(cx: &Context<'_>, wire: &[u8]) -> Option<KeySet> {
    let signed = SignedKeySet::parse(wire).ok()?;
    // A key set stays bound to the keyholders who made it, also when a later roster names others.
    let key_set = signed.verify(cx.chain.section(&signed.claimed().ceremony().section)?).ok()?;
    (key_set.ceremony().epoch == cx.epoch).then_some(key_set)
}

/// Key of a key set's record.
pub(super) fn key_set_key(epoch: Epoch, class: KeyClass) -> Vec<u8> {
    format!("{epoch:}/{class}").into_bytes()
}
