#![doc = include_str!("../README.md")]

pub mod cbor;
pub mod dkg;
pub mod document;
pub mod key_set;
mod lagrange;
pub mod oprf;
mod point;
pub mod sealing;
pub mod seed;
pub mod signing;
pub mod tag;
pub mod transcript;

pub use cbor::EncodingError;
pub use dkg::{DkgError, DkgOutcome, Round1Secret, Round2Secret};
pub use document::{Document, Signed, TypeName, Unverified};
pub use key_set::{
    CeremonyId, KeySet, KeySetDocument, KeySetError, Keyholder, KeyholderSection, SignedKeySet,
};
pub use oprf::{
    BlindedBatch, Evaluation, KeyShare, MAX_BATCH, OprfError, VerifiedEvaluation, blind_scalar,
    filling_value, oprf_input,
};
pub use sealing::{SealError, SealingKey, SealingPublicKey};
pub use seed::{Seed, SeedSequence};
pub use signing::{BadSignature, Signature, SigningKey, VerifyingKey};
pub use tag::{PseudonymKey, Tag, TagPlace, Tagger};
pub use transcript::{Digest, digest, transcript};
