//! Feeds, replicas, which tags are present, what counts as a match, completeness.
//!
//! A feed is one organisation's chain of signed segment headers in one circle and epoch; bodies with the tags hang
//! on them by digest. A [`Publisher`] makes the own feed, a [`Replica`] follows another's, [`OwnFamilies`] knows
//! the own families' pseudonym keys and probes what arrives, [`Matches`] keeps what was found,
//! [`UnitMatrix`] says which own units see each other, [`Completeness`] says how far an answer may be trusted, and a
//! [`Proof`] shows that a publisher signed two histories.

mod body;
mod bounds;
mod completeness;
mod dummies;
mod error;
mod feed;
mod matches;
mod own;
mod padding;
mod proof;
mod publisher;
mod replica;
mod units;

pub use body::{Body, MAX_TAGS};
pub use bounds::FeedBounds;
pub use completeness::{Completeness, FeedState};
pub use dummies::Dummies;
pub use error::FeedError;
pub use feed::{FeedId, HeadDocument, HeaderDocument, MAX_GENERATION, MAX_PARTS, MAX_SEQUENCE, Position};
pub use matches::{Found, Involvement, MatchRecord, Matches};
pub use own::{Hit, OwnFamilies, Participation, Prober};
pub use proof::{Claim, MAX_PROOF_BYTES, MAX_STATEMENT_BYTES, NotProven, Proof, ProofPlace, UnverifiedProof};
pub use publisher::{Publisher, Restored, Segment};
pub use replica::{Applied, HeadOutcome, HeaderOutcome, Replica};
pub use units::{UnitInvolvement, UnitMatrix};
