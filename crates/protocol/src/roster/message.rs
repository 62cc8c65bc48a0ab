//! Frames of the roster conversation.

use crypto::Digest;
use minicbor::{Decode, Encode};

/// Most rosters that one request names, and that a node keeps of those that governors signed for one version.
pub(crate) const MAX_NAMED: usize = ::roster::MAX_RESOLVED;

/// A question about versions of the roster. Any member may ask.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RosterRequest {
    /// Asks for the version after one that is held.
    #[n(1)]
    After {
        /// The newest version held, or an earlier one where lines are compared.
        #[n(0)]
        version: u32,
        /// Its digest.
        #[n(1)]
        digest: Digest,
        /// Rosters of which governors signed two of one version, as far as nothing was decided: the asked member asks for
        /// those that it does not know.
        #[n(2)]
        conflicts: Vec<RosterName>,
    },
    /// Asks for one roster.
    #[n(2)]
    Document(#[n(0)] RosterName),
}

/// Names one roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct RosterName {
    /// Its version.
    #[n(0)]
    pub version: u32,
    /// Its digest.
    #[n(1)]
    pub digest: Digest,
}

/// The response to a [`RosterRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RosterResponse {
    /// The version asked for.
    #[n(1)]
    Next {
        /// A signed roster.
        #[cbor(n(0), with = "minicbor::bytes")]
        wire: Vec<u8>,
    },
    /// None newer is held.
    #[n(2)]
    Unknown,
    /// Another roster is held of the version that the question names.
    #[n(3)]
    Differs,
}
