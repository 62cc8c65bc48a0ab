//! The signed document, its succession, governors' signatures: from bytes to a verified roster.
//!
//! A network is the chain of its rosters. The genesis roster names the first governors and its digest is the
//! network's id, compared out of band; every later version is signed by more than half of the governors of the
//! version before it. Whoever holds a [`VerifiedRoster`] need not check again.

mod document;
mod error;
mod genesis;
mod succession;
mod verified;

pub use document::{
    Circle, EpochRules, Governors, Institution, KeyholderRecord, LegalBasis, LegalBasisText, Member,
    MemberKeys, OpenPair, RosterDocument, Rules,
};
pub use error::RosterError;
pub use genesis::{RosterContent, genesis};
pub use succession::SignedRoster;
pub use verified::VerifiedRoster;
