//! The evaluation log: what an organisation had evaluated, request by request, without anything about persons.
//!
//! Keyholders hold every leaf of an organisation's log and replay its [`Counters`]; they evaluate only elements that a
//! leaf covers, while its count is within the organisation's [`Quota`]. So a quota holds over all keyholders together:
//! whoever asks each of them apart must show each the same log, or two logs.

mod counters;
mod elements;
mod filling;
mod leaf;
mod quota;

pub use counters::{Counters, LeafRefusal, MAX_KEY_SETS};
pub use elements::{elements_root, prove_element};
pub use filling::{FILLING_KIND, SIZE_CLASSES, filling_input, size_class};
pub use leaf::{Day, EvaluationLeaf, EvaluationPurpose, KeySetName, MAX_LEAF_BYTES};
pub use quota::{BulkAllowance, Quota, QuotaAnswer};
