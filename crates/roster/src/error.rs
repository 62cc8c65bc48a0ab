//! Why a roster is refused.

use crypto::EncodingError;
use thiserror::Error;

/// A roster that was refused. Nothing of it takes effect; the one held before stays in force.
#[derive(Debug, Error)]
pub enum RosterError {
    /// Not a roster document.
    #[error("the roster cannot be read; ask a governor for the file again")]
    Encoding(#[source] EncodingError),
    /// Another network's.
    #[error("the roster belongs to another network than this node's")]
    OtherNetwork,
    /// Signatures are over another document.
    #[error("it is another document, be it by one letter: signatures on one are worth nothing on the other")]
    OtherDocument,
    /// Not the next version, or not after the one held.
    #[error(
        "the roster is version {found}; this node holds version {held} and accepts only the next one that builds on it"
    )]
    NotTheNext {
        /// Version held.
        held: u32,
        /// Version offered.
        found: u32,
    },
    /// Too few governors signed.
    #[error("{valid} of {governors} governors signed the roster, {needed} needed")]
    TooFewSignatures {
        /// Valid signatures of different governors.
        valid: usize,
        /// Governors in office.
        governors: usize,
        /// Signatures needed.
        needed: u16,
    },
    /// Enough governors signed another roster of a version that is held.
    #[error(
        "governors signed two different rosters of version {version}; the one held first stays, and only a version that \
         names both decides between them"
    )]
    Conflict {
        /// The version.
        version: u32,
    },
    /// It ends no conflict of this node's rosters with those that it builds on.
    #[error(
        "the roster builds on another line of versions than this node's and does not name the rosters at which they part, \
         or a decision that was made between them"
    )]
    NotResolving,
    /// Governors decided for another line of versions, which takes effect when its notice is over.
    #[error(
        "the governors decided for another line of versions, which waits for the end of its notice; until then only what \
         takes something away is accepted"
    )]
    Superseded,
    /// A keyholder's index was another organisation's.
    #[error(
        "the roster gives keyholder index {index} to {found}, and it was {held}'s: an index is never given to another, \
         or keys of two organisations would pass for one's"
    )]
    IndexReused {
        /// The index.
        index: u16,
        /// Whose it was.
        held: domain::Oin,
        /// Who has it now.
        found: domain::Oin,
    },
    /// Those who signed are governors in a version that waits, and not in the one in force.
    #[error(
        "the roster is signed by governors who are not in office yet; it is taken up once the version that names them is in \
         force, or when those in office sign it too"
    )]
    GovernorsWait,
    /// More versions wait for their notice than are kept.
    #[error(
        "more versions of the roster wait for the end of their notice than a node keeps; one that only takes away is \
         still taken"
    )]
    TooManyWaiting,
    /// A rule of the document itself is broken.
    #[error("the roster contradicts itself: {0}")]
    Inconsistent(&'static str),
    /// Below what a network of real families keeps.
    #[error("{rule} is {found}; at least {least} is needed in a network that is no test network")]
    TooLow {
        /// What is too low.
        rule: &'static str,
        /// What the roster says.
        found: u64,
        /// The least allowed.
        least: u64,
    },
    /// Above what a network of real families keeps.
    #[error("{rule} is {found}; at most {most} is allowed in a network that is no test network")]
    TooHigh {
        /// What is too high.
        rule: &'static str,
        /// What the roster says.
        found: u64,
        /// The most allowed.
        most: u64,
    },
}
