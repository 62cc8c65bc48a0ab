//! Openings: who supervises an organisation learns what one blinded element of its evaluation log was, and anybody can
//! check that it was this and nothing else.
//!
//! A request is blinded with scalars that follow from the day's seed. The node forgets the seed when the day's requests
//! are done, and keeps it as a [`SealedSeed`] that only the privacy officer and the data-protection officer open. From seed,
//! leaf and input one of them makes an [`Opening`], which is verified offline and without the seed: blinding is
//! B = r·H(input), and no other input has an r that somebody could find.

mod cause;
mod document;
mod error;
mod sealed_seed;
mod secret;

pub use cause::Cause;
pub use document::{LeafInLog, MAX_INPUT_BYTES, MAX_OPENING_BYTES, OpenedInput, Opening, VerifiedOpening};
pub use error::OpeningError;
pub use sealed_seed::{MAX_SEALED_SEED_BYTES, Officers, SealedSeed};
