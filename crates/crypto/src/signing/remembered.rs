//! Signatures and key sets that were verified before, for simulations: there every node of a network verifies the same
//! documents in one process, and nothing else takes as long. What is remembered is the result for exactly this key,
//! label, message and signature, or exactly this key set, so the answer is the one that verifying would give. No program is built with it.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::transcript::digest;
use crate::{Digest, Signature, VerifyingKey};

/// Results that one thread remembers, 32 bytes each; then it starts anew.
const MOST_REMEMBERED: usize = 200_000;

thread_local! {
    static VERIFIED: RefCell<HashSet<Digest>> = RefCell::new(HashSet::new());
}

/// What names one verification.
pub(super) fn name(key: &VerifyingKey, label: &str, bytes: &[u8], signature: &Signature) -> Digest {
    let fields = [key.as_bytes().as_slice(), label.as_bytes(), bytes, signature.as_bytes()];
    digest("remembered verification", &fields)
}

/// What names the verification of a key set's polynomial.
pub(crate) fn name_of_key_set(document: &[u8]) -> Digest {
    digest("remembered key set", &[document])
}

pub(crate) fn was_verified(name: &Digest) -> bool {
    VERIFIED.with_borrow(|verified| verified.contains(name))
}

pub(crate) fn remember(name: Digest) {
    VERIFIED.with_borrow_mut(|verified| {
        if verified.len() >= MOST_REMEMBERED {
            verified.clear();
        }
        verified.insert(name);
    });
}
