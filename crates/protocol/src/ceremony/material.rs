//! What ceremonies yield: key sets, and the own shares of a keyholder.

use std::collections::BTreeMap;
use std::fmt;

use crypto::{Digest, KeySet, KeyShare, SignedKeySet};
use domain::{Epoch, KeyClass};

use crate::effects::Context;

/// Names a key: there is one for each epoch and class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId {
    /// The epoch in which it lives.
    pub epoch: Epoch,
    /// What it turns into pseudonyms.
    pub class: KeyClass,
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of epoch {}", self.class, self.epoch)
    }
}

impl KeyId {
    pub(crate) fn of(key_set: &KeySet) -> Self {
        let ceremony = key_set.ceremony();
        Self { epoch: ceremony.epoch, class: ceremony.class }
    }

    /// The keys of an epoch.
    pub(crate) fn all(epoch: Epoch) -> impl Iterator<Item = Self> {
        KeyClass::ALL.into_iter().map(move |class| Self { epoch, class })
    }
}

/// Key sets of the epochs that are not over, and the own shares when this node is a keyholder.
#[derive(Default)]
pub(crate) struct KeyMaterial {
    pub(super) key_sets: BTreeMap<KeyId, (KeySet, Vec<u8>)>,
    pub(super) shares: BTreeMap<KeyId, KeyShare>,
}

impl KeyMaterial {
    pub(crate) fn key_set(&self, epoch: Epoch, class: KeyClass) -> Option<&KeySet> {
        self.key_sets.get(&KeyId { epoch, class }).map(|(key_set, _)| key_set)
    }

    pub(crate) fn share(&self, epoch: Epoch, class: KeyClass) -> Option<&KeyShare> {
        self.shares.get(&KeyId { epoch, class })
    }

    /// The classes whose key set of an epoch is there.
    pub(crate) fn classes(&self, epoch: Epoch) -> impl Iterator<Item = KeyClass> {
        KeyClass::ALL.into_iter().filter(move |class| self.key_set(epoch, *class).is_some())
    }

    /// The key sets in hand of an epoch, by digest.
    pub(crate) fn digests(&self, epoch: Epoch) -> Vec<Digest> {
        KeyClass::ALL.into_iter().filter_map(|class| self.key_set(epoch, class)).map(KeySet::digest).collect()
    }

    /// The key whose key set has this digest.
    pub(crate) fn find(&self, digest: &Digest) -> Option<KeyId> {
        self.key_sets.iter().find(|(_, (key_set, _))| key_set.digest() == *digest).map(|(key, _)| *key)
    }
}

/// Reads a key set of an epoch that is not over and not further ahead than the next, and verifies it.
pub(super) fn verified_key_set(cx: &Context<'_>, wire: &[u8]) -> Option<KeySet> {
    let signed = SignedKeySet::parse(wire).ok()?;
    // A key set stays bound to the keyholders who made it, also when a later roster names others.
    let key_set = signed.verify(cx.chain.section(&signed.claimed().ceremony().section)?).ok()?;
    cx.epochs.is_near(key_set.ceremony().epoch).then_some(key_set)
}

/// Key of a key set's record.
pub(super) fn key_set_key(key: KeyId) -> Vec<u8> {
    format!("{}/{}", key.epoch, key.class).into_bytes()
}
