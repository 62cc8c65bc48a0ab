//! Frames of the roster conversation.

use minicbor::{Decode, Encode};

/// Asks for the version after one that is held. Any member may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RosterRequest {
    /// The newest version held.
    #[n(0)]
    pub after: u32,
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
}
