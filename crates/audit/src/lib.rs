//! Logs as mathematics: trees, checkpoints, proofs, cosignatures and their verification.
//!
//! A log is an append-only list of entries under an RFC 6962 Merkle tree. Whoever keeps one signs [`Checkpoint`]s of it in
//! the forms of C2SP (signed-note, tlog-checkpoint); [`Tree`] grows it by its right edge alone. A witness that was shown by
//! a [`ConsistencyProof`] that a later checkpoint continues the one it remembers says so with a [`Cosignature`]. The main
//! log's own [`Entry`] says what a node did. Nothing here reads a clock, a disk or a socket.

mod checkpoint;
mod commitment;
mod cosignature;
mod entry;
mod error;
pub mod evaluation;
pub mod evidence;
mod export;
mod note;
pub mod opening;
mod proof;
mod retention;
mod rights;
pub mod sampling;
mod tree;
pub mod witness;

pub use checkpoint::{Checkpoint, MAX_CHECKPOINT_BYTES, Origin, SignedCheckpoint};
pub use commitment::{Commitment, Salt};
pub use cosignature::{Cosignature, Cosigner};
pub use entry::{
    ActorRole, Details, Entry, EntryKind, Event, Exported, InCircle, MAX_DETAIL_BYTES, MAX_ENTRY_BYTES,
    OnBasis, Said, Wanted,
};
pub use error::AuditError;
pub use evaluation::{
    Counters, Day, EvaluationLeaf, EvaluationPurpose, KeySetName, LeafRefusal, Quota, QuotaAnswer,
};
pub use evidence::{Challenge, CountingProof, ForkKind, ForkProof};
pub use export::{BLOCK_ENTRIES, ExportVerifier, ExportedEntry, Verified, Wrong, blocks_of};
pub use opening::{
    Cause, LeafInLog, Officers, OpenedInput, Opening, OpeningError, SealedSeed, VerifiedOpening,
};
pub use proof::{ConsistencyProof, InclusionProof, MAX_PROOF_HASHES};
pub use retention::{DEFAULT_RETENTION_MONTHS, MAX_RETENTION_MONTHS, Retention, is_over};
pub use rights::{IncidentStep, InformingStep, ObjectionStep};
pub use sampling::{Coverage, Drawn, Period, PeriodClosed, Population, Sample};
pub use tree::{Hashes, LeafHash, MAX_LOG_SIZE, Root, StoredAt, Tree, TreeHash};
