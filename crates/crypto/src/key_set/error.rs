//! Why a key set is refused, and by whose fault.

use thiserror::Error;

use crate::cbor::EncodingError;

/// Why a key set is refused. Whoever served it is to blame, or the keyholder that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeySetError {
    /// Not a key set in deterministic CBOR.
    #[error("the key set cannot be read")]
    Encoding(#[from] EncodingError),
    /// Made in another network.
    #[error("the key set belongs to another network")]
    OtherNetwork,
    /// Made by the keyholders of another roster.
    #[error("the key set belongs to another keyholder section")]
    OtherSection,
    /// Not the roster's threshold.
    #[error("the key set has threshold {found}, the roster {expected}")]
    Threshold {
        /// What the document says.
        found: u16,
        /// What the roster says.
        expected: u16,
    },
    /// Shares are not listed strictly ascending by index.
    #[error("the shares are not strictly ascending by index")]
    Order,
    /// A share of someone who is not a keyholder.
    #[error("index {index} is not a keyholder")]
    Stranger {
        /// The index listed.
        index: u16,
    },
    /// Too few keyholders took part.
    #[error("{participants} keyholders took part, {quorum} are needed")]
    TooFew {
        /// How many took part.
        participants: usize,
        /// How many are needed.
        quorum: usize,
    },
    /// A verifying share that is no point, or the identity.
    #[error("the verifying share of keyholder {index} is not a usable point")]
    Share {
        /// The keyholder.
        index: u16,
    },
    /// A group key that is no point, or the identity.
    #[error("the group key is not a usable point")]
    GroupKey,
    /// The shares and the group key do not belong together.
    #[error("the shares do not lie on one polynomial with the group key at zero")]
    Polynomial,
    /// The signatures are not those of exactly the participants, in their order.
    #[error("the signatures are not those of the participants in order")]
    Signers,
    /// A signature that does not verify.
    #[error("the signature of keyholder {index} does not verify")]
    Signature {
        /// The keyholder.
        index: u16,
    },
}
