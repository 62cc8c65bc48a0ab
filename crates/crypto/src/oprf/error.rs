//! Why an evaluation fails, and by whose fault.

use thiserror::Error;

use super::MAX_BATCH;

/// Why a step of the OPRF fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OprfError {
    /// No element, or more than fit in one request. The requester is to blame.
    #[error("a batch holds 1 to {MAX_BATCH} elements, not {found}")]
    BatchSize {
        /// How many there were.
        found: usize,
    },
    /// An input that is empty or longer than 65,535 bytes. A mistake of ours.
    #[error("input {position} is empty or longer than 65535 bytes")]
    Input {
        /// Which of the batch.
        position: usize,
    },
    /// A blind that is not a scalar, is zero, or is missing. A mistake of ours.
    #[error("the blinds are not one usable scalar per input")]
    Blind,
    /// A blinded element that is no point, or the identity. The requester is to blame.
    #[error("blinded element {position} is not a usable point")]
    Element {
        /// Which of the batch.
        position: usize,
    },
    /// Stored bytes that are not a key share. The key store is damaged.
    #[error("the bytes are not a key share")]
    KeyShare,
    /// An answer from someone who holds no share of this key set.
    #[error("keyholder {index} holds no share of this key set")]
    Stranger {
        /// Who answered.
        index: u16,
    },
    /// An answer with the wrong number of elements, or with one that is no point.
    #[error("keyholder {index} returned elements that do not answer the request")]
    Evaluation {
        /// Who answered.
        index: u16,
    },
    /// An answer whose proof fails: another key, other elements, or damaged.
    #[error("the proof of keyholder {index} does not verify")]
    Proof {
        /// Who answered.
        index: u16,
    },
    /// A verified answer to another request or under another key set. A mistake of ours.
    #[error("the evaluation of keyholder {index} belongs to another batch or key set")]
    Mixed {
        /// Whose answer it is.
        index: u16,
    },
    /// Too few keyholders answered: wait, or ask others.
    #[error("{found} keyholders answered, {needed} needed")]
    TooFew {
        /// How many different keyholders answered.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
}
