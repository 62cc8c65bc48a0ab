//! Taking a key set into use, and letting go of one: of all complete ones for a key, every node ends with the same.

use crypto::{KeySet, SignedKeySet};

use super::following::forget_abandonments;
use super::keeper::CeremonyKeeper;
use super::material::{KeyId, key_set_key, verified_key_set};
use super::message::Part;
use crate::effects::{Context, Effects};
use crate::{Collection, Scope};

impl CeremonyKeeper {
    /// Takes complete key sets among the parts that another keyholder brought. Those of the attempt under way are left
    /// to it, since it knows which share belongs to them.
    pub(super) fn adopt_parts(&mut self, cx: &Context<'_>, key: KeyId, parts: &[Part], fx: &mut Effects<'_>) {
        for part in parts {
            if let Part::KeySet(wire) = part {
                self.adopt(cx, key, wire, fx);
            }
        }
    }

    /// Takes a complete key set when it is better than what is held. Whether it is one.
    pub(super) fn adopt(&mut self, cx: &Context<'_>, key: KeyId, wire: &[u8], fx: &mut Effects<'_>) -> bool {
        let Ok(signed) = SignedKeySet::parse(wire) else { return false };
        let ceremony = signed.claimed().ceremony();
        if (KeyId { epoch: ceremony.epoch, class: ceremony.class }) != key {
            return false;
        }
        if self
            .material
            .key_sets
            .get(&key)
            .is_some_and(|(held, _)| held.digest() == signed.claimed().digest())
        {
            return true;
        }
        if self.running.get(&key).is_some_and(|running| *running.id() == ceremony) {
            return true;
        }
        let Some(key_set) = verified_key_set(cx, wire) else { return false };
        if self.is_better(cx, key, &key_set) {
            self.running.remove(&key);
            self.hold(cx, key_set, wire.to_vec(), fx);
        }
        true
    }

    /// The keyholders of a newer roster come before those of an older one; among the same keyholders the highest
    /// attempt wins. One that is dead is no key set.
    fn is_better(&self, cx: &Context<'_>, key: KeyId, found: &KeySet) -> bool {
        let rank =
            |made: &KeySet| (cx.chain.section_version(&made.ceremony().section), made.ceremony().attempt);
        let attempts = self.attempts.get(&(key, found.ceremony().section));
        if attempts.is_some_and(|attempts| attempts.is_dead(found)) {
            return false;
        }
        self.material.key_sets.get(&key).is_none_or(|(held, _)| rank(held) < rank(found))
    }

    /// Takes a key set into use, in the place of the one before.
    pub(super) fn hold(&mut self, cx: &Context<'_>, key_set: KeySet, wire: Vec<u8>, fx: &mut Effects<'_>) {
        let key = KeyId::of(&key_set);
        let ceremony = *key_set.ceremony();
        let participants = key_set.indices().collect();
        fx.put_in(Scope::Epoch(key.epoch), Collection::KeySet, key_set_key(key), wire.clone());
        if self.material.key_sets.insert(key, (key_set, wire)).is_some() {
            self.replaced.insert(key);
        }
        self.sweep(key, fx);
        self.asking.remove(&key);
        self.left.remove(&key);
        if let Some(attempts) = self.attempts.get_mut(&(key, ceremony.section)) {
            attempts.resume(ceremony.attempt, participants, cx.now);
            let of_no_use = attempts.forget_below(ceremony.attempt);
            forget_abandonments(&ceremony, of_no_use, fx);
        }
    }

    /// Lets go of a key set that nobody can use any more.
    pub(super) fn let_go(&mut self, key: KeyId, fx: &mut Effects<'_>) {
        if self.material.key_sets.remove(&key).is_some() {
            fx.delete_in(Scope::Epoch(key.epoch), Collection::KeySet, key_set_key(key));
            self.replaced.insert(key);
        }
        self.sweep(key, fx);
    }
}
