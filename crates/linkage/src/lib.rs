//! Normalises personal details, derives linkage keys, weighs evidence.
//!
//! Read in this order: `name`, `birth` and `place` turn what an organisation recorded into what two organisations
//! would have written alike; [`derive()`] combines those parts into [`LinkageKey`]s; [`FamilyKeys::weigh`] says what
//! the agreement of some of them proves. The values of keys enter the oblivious function and nothing else: they
//! are personal data and never leave the node.
//!
//! Not here: pseudonyms (`crypto`), and which keys agree with whom (`index`). Everything is a function of its
//! arguments; the order of the persons in a family makes no difference.
//!
//! An address alone is never enough, by construction: every kind of key holds a name, the beginning of one, or
//! a birth date.

mod birth;
mod derive;
#[cfg(test)]
mod documented;
mod evidence;
mod explanation;
mod family_keys;
mod frequency;
mod key;
mod name;
mod place;
mod private;
mod suppression;
mod unit;
mod verdict;
mod weight;

pub use derive::{DeriveOptions, derive};
pub use evidence::{Evidence, PersonEvidence};
pub use explanation::{Explanation, PersonExplanation};
pub use family_keys::{FamilyKeys, Source};
pub use key::{KeyKind, LinkageKey};
pub use suppression::HouseholdSuppression;
pub use unit::is_dwelling_word;
pub use verdict::{Basis, BasisRole, Verdict};
pub use weight::{FieldKind, POSSIBLE, PROBABLE};
