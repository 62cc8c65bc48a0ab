//! Why a log, or what is said of one, is not accepted.

use thiserror::Error;

/// Something that does not hold of a log. Whoever keeps the log, or sent the proof, is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AuditError {
    /// Not a checkpoint in the forms of C2SP, or in another spelling than the one that its parts have.
    #[error("the checkpoint cannot be read")]
    MalformedCheckpoint,
    /// A checkpoint of another log than the one asked for.
    #[error("the checkpoint is of another log")]
    OtherLog,
    /// No signature of the key that keeps the log, or one that does not verify.
    #[error("the checkpoint is not signed by the key of its log")]
    BadSignature,
    /// No cosignature of the witness, or one that does not verify.
    #[error("the checkpoint has no cosignature of this witness that verifies")]
    BadCosignature,
    /// The entry is not in the tree, or not at this place.
    #[error("the proof does not show that the entry is in the log")]
    NotIncluded,
    /// The later tree does not begin with the earlier one.
    #[error("the proof does not show that the later log continues the earlier one")]
    NotConsistent,
    /// Not an entry of a main log, or its details; or in a second spelling.
    #[error("the entry of the log cannot be read")]
    MalformedEntry,
    /// Not a leaf of an evaluation log, in a second spelling, or with numbers that no request has.
    #[error("the leaf of the evaluation log cannot be read")]
    MalformedLeaf,
    /// Not evidence in its one encoding, or longer than any.
    #[error("the evidence cannot be read")]
    MalformedEvidence,
    /// What an honest keeper may have signed as well. Whoever shows it is to blame.
    #[error("the evidence proves nothing")]
    ProvesNothing,
    /// A size that no log gets to, or a place beyond its end.
    #[error("the log has no such size or place")]
    BeyondEnd,
    /// A hash that is needed for a proof is not there.
    #[error("a hash of the log is missing")]
    MissingHash,
}
