//! Why an opening is not accepted.

use thiserror::Error;

use crate::AuditError;

/// Something that does not hold of an opening or of a sealed seed. Whoever made it is to blame: what cannot be opened
/// counts as a violation of the organisation whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpeningError {
    /// Not an opening or sealed seed in its one encoding, or longer than any.
    #[error("the opening cannot be read")]
    Malformed,
    /// The sealed seed does not open with this key, or was sealed for somebody else.
    #[error("the sealed seed does not open with this key")]
    Sealed,
    /// Another sealed seed than the one that the leaf names.
    #[error("the leaf names another sealed seed")]
    OtherSeed,
    /// The evaluation log's checkpoint is not its keeper's.
    #[error("the checkpoint of the evaluation log does not hold")]
    Checkpoint(#[source] AuditError),
    /// The leaf does not stand in the evaluation log.
    #[error("the leaf is not in the evaluation log")]
    Leaf(#[source] AuditError),
    /// The elements are not those of the leaf, or there is no such position.
    #[error("the leaf has no such element")]
    Position,
    /// The blinded element at this position is not this input under this scalar.
    #[error("the blinded element at this position is not this input under this scalar")]
    Element,
    /// An input of a kind that is never evaluated under keys of the leaf's class.
    #[error("an input of this kind is not for keys of this class")]
    Kind,
    /// What is shown of the main log is not what the leaf commits to, or does not stand there.
    #[error("the entry of the main log is not the one that the leaf commits to")]
    Cause,
}
