//! The signed document, its succession, governors' signatures: from bytes to a verified roster.
//!
//! A network is the chain of its rosters. The genesis roster names the first governors and its digest is the
//! network's id, compared out of band; every later version is signed by more than half of the governors of the
//! version before it. Whoever holds a [`VerifiedRoster`] need not check again.

mod accountability;
mod branch;
mod chain;
mod claimed;
mod document;
mod error;
mod fingerprint;
mod genesis;
mod grounds;
mod join;
mod production;
mod sparse;
mod succession;
mod verified;
mod widening;

pub use accountability::{
    Accountability, BulkAllowance, LogGeneration, OinBytes, Quota, WitnessPolicy, Witnesses,
};
pub use branch::Crossing;
pub use chain::{FirstSight, RosterChain, Standing, Waiting};
pub use claimed::ClaimedRoster;
pub use document::{
    Circle, EpochRules, Governors, Institution, KeyholderRecord, LegalBasis, LegalBasisText, Member,
    MemberKeys, OpenPair, RosterDocument, Rules,
};
pub use error::RosterError;
pub use fingerprint::{Fingerprint, NoFingerprint};
pub use genesis::{RosterContent, genesis};
pub use grounds::BasisStanding;
pub use join::{JoinError, JoinRequest, MAX_JOIN_REQUEST_BYTES};
pub use succession::{MAX_DOCUMENT_BYTES, SignedRoster};
pub use verified::{MAX_KEYHOLDERS, MAX_RESOLVED, VerifiedRoster};
pub use widening::only_narrows;
