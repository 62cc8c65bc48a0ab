//! Evidence: what anybody can show of a keeper who signs two logs, or one that counts twice. All of it is signed by the
//! keeper's own key, so it needs no trust in whoever shows it.

mod challenge;
mod counting;
mod fork;

pub use challenge::Challenge;
pub use counting::{CountingFault, CountingProof, ShownLeaf};
pub use fork::{EntryAtPlace, ForkKind, ForkProof};

/// Longest piece of evidence in bytes: two checkpoints with their cosignatures, and two proofs.
pub const MAX_EVIDENCE_BYTES: usize = 48 * 1024;

/// Reads evidence of a kind, bounded.
fn read<T>(bytes: &[u8]) -> Result<T, crate::AuditError>
where
    T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    let read = (bytes.len() <= MAX_EVIDENCE_BYTES).then(|| crypto::cbor::from_slice(bytes));
    read.and_then(Result::ok).ok_or(crate::AuditError::MalformedEvidence)
}
