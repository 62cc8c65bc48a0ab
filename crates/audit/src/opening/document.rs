//! The opening itself: how it is made with the seed, and verified without.

use std::fmt;

use crypto::{BlindedBatch, Document, Seed, TypeName, VerifyingKey, blind_scalar, cbor, oprf_input};
use domain::{KeyClass, NetworkId, Oin};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::{Cause, OpeningError, secret};
use crate::evaluation::{FILLING_KIND, prove_element};
use crate::{Checkpoint, EvaluationLeaf, InclusionProof, LeafHash, Origin, SignedCheckpoint};

/// Longest opening in bytes: two checkpoints, an entry, proofs and an input.
pub const MAX_OPENING_BYTES: usize = 64 * 1024;

/// Longest value of an input in bytes, and several times the longest linkage key.
pub const MAX_INPUT_BYTES: usize = 4 * 1024;

/// Longest name of a kind of input.
const MAX_KIND_BYTES: usize = 64;

/// The kind of the inputs of class `bsn`, and of no other.
const BSN_KIND: &str = "bsn";

/// What was asked: a kind of linkage key and its value. Personal data, unless it only filled a request up.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct OpenedInput {
    #[n(0)]
    kind: String,
    #[cbor(n(1), with = "secret::bytes")]
    value: Zeroizing<Vec<u8>>,
}

impl OpenedInput {
    /// An input of a kind.
    #[must_use]
    pub fn new(kind: &str, value: &[u8]) -> Self {
        Self { kind: kind.to_owned(), value: Zeroizing::new(value.to_vec()) }
    }

    /// Which kind of linkage key.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether it only filled a request up.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.kind == FILLING_KIND
    }

    /// The value of the key, for comparison with the case file. Personal data.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.value
    }

    fn is_bounded(&self) -> bool {
        self.kind.len() <= MAX_KIND_BYTES && self.value.len() <= MAX_INPUT_BYTES
    }

    /// A number asked under keys that are not for numbers would get round the entitlement to them.
    fn is_for(&self, class: KeyClass) -> bool {
        self.is_filling() || (self.kind == BSN_KIND) == (class == KeyClass::Bsn)
    }
}

impl fmt::Debug for OpenedInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenedInput({}, redacted)", self.kind)
    }
}

/// A leaf, and that it stands in its log.
#[derive(Clone, Debug)]
pub struct LeafInLog<'a> {
    /// The network.
    pub network: NetworkId,
    /// Whose log.
    pub keeper: Oin,
    /// The leaf.
    pub leaf: &'a EvaluationLeaf,
    /// A checkpoint of the evaluation log, with the cosignatures that it has.
    pub checkpoint: &'a SignedCheckpoint,
    /// That the leaf stands in it.
    pub inclusion: InclusionProof,
}

/// That one blinded element of an evaluation log was this input. Holds personal data.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Opening {
    #[n(0)]
    kind: TypeName<Self>,
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    network: NetworkId,
    #[cbor(n(2), with = "crypto::cbor::oin")]
    keeper: Oin,
    #[n(3)]
    leaf: EvaluationLeaf,
    #[cbor(n(4), with = "minicbor::bytes")]
    checkpoint: Vec<u8>,
    #[n(5)]
    inclusion: InclusionProof,
    #[n(6)]
    position: u32,
    #[n(7)]
    path: InclusionProof,
    #[n(8)]
    input: OpenedInput,
    #[cbor(n(9), with = "secret::scalar")]
    blind: Zeroizing<[u8; 32]>,
    #[n(10)]
    cause: Cause,
}

impl Document for Opening {
    const LABEL: &'static str = "samenhang opening v1";
}

impl Opening {
    /// Opens the element at a position of a leaf. `elements` are all blinded elements of the leaf, which follow from the
    /// inputs of the request and the seed.
    ///
    /// # Errors
    /// The elements are not those of the leaf, or there is no such position. That the element is this input shows when
    /// the opening is verified.
    pub fn make(
        place: LeafInLog<'_>,
        elements: &[[u8; 32]],
        position: u32,
        input: OpenedInput,
        seed: &Seed,
        cause: Cause,
    ) -> Result<Self, OpeningError> {
        let LeafInLog { network, keeper, leaf, checkpoint, inclusion } = place;
        let path = prove_element(elements, position).map_err(|_| OpeningError::Position)?;
        if !leaf.covers(elements) {
            return Err(OpeningError::Position);
        }
        Ok(Self {
            kind: TypeName::new(),
            network,
            keeper,
            leaf: leaf.clone(),
            checkpoint: checkpoint.to_bytes(),
            inclusion,
            position,
            path,
            input,
            blind: blind_scalar(seed, &leaf.request, position),
            cause,
        })
    }

    /// Reads an opening.
    ///
    /// # Errors
    /// Not an opening in its one encoding, or longer than any.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OpeningError> {
        let read = (bytes.len() <= MAX_OPENING_BYTES).then(|| cbor::from_slice::<Self>(bytes));
        read.and_then(Result::ok).filter(|opening| opening.input.is_bounded()).ok_or(OpeningError::Malformed)
    }

    /// The bytes that are handed over. They hold personal data.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(cbor::to_vec(self))
    }

    /// Whose question it is: to look up the key of its logs by.
    #[must_use]
    pub const fn keeper(&self) -> Oin {
        self.keeper
    }

    /// Verifies everything about it under the key with which the keeper signs checkpoints in this network. Whether enough
    /// witnesses have cosigned is for the caller to see from [`VerifiedOpening::checkpoint`].
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify(self, network: NetworkId, key: &VerifyingKey) -> Result<VerifiedOpening, OpeningError> {
        if self.network != network || !self.leaf.is_possible() || !self.input.is_bounded() {
            return Err(OpeningError::Malformed);
        }
        let origin = Origin::evaluation_log(network, self.keeper);
        let checkpoint =
            SignedCheckpoint::verify(&self.checkpoint, &origin, key).map_err(OpeningError::Checkpoint)?;
        let Checkpoint { size, root, .. } = *checkpoint.checkpoint();
        let in_log = self.inclusion.check(self.leaf.hash(), self.leaf.place, size, root);
        in_log.map_err(OpeningError::Leaf)?;
        let blinded = self.blinded().ok_or(OpeningError::Element)?;
        let (position, count) = (u64::from(self.position), u64::from(self.leaf.count));
        if position >= count {
            return Err(OpeningError::Position);
        }
        let in_leaf = self.path.check(LeafHash::of(&blinded), position, count, self.leaf.elements);
        in_leaf.map_err(|_| OpeningError::Element)?;
        if !self.input.is_for(self.leaf.key_set.class) {
            return Err(OpeningError::Kind);
        }
        let main_log = self.cause.verify(self.leaf.cause, network, self.keeper, key)?;
        Ok(VerifiedOpening { opening: self, checkpoint, main_log })
    }

    /// r·H(input): the element as it must stand at the position. Network and epoch are not told but known, so that an
    /// input for other keys is none of this leaf.
    fn blinded(&self) -> Option<[u8; 32]> {
        let OpenedInput { kind, value } = &self.input;
        let input = oprf_input(&self.network, self.leaf.key_set.epoch, kind, value);
        let batch = BlindedBatch::with_blinds(&[&*input], &[*self.blind]).ok()?;
        batch.elements().first().copied()
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({} leaf {} position {}, redacted)", self.keeper, self.leaf.place, self.position)
    }
}

/// An opening of which everything holds.
#[derive(Debug)]
pub struct VerifiedOpening {
    opening: Opening,
    checkpoint: SignedCheckpoint,
    main_log: Checkpoint,
}

impl VerifiedOpening {
    /// In which network.
    #[must_use]
    pub const fn network(&self) -> NetworkId {
        self.opening.network
    }

    /// Whose question it was.
    #[must_use]
    pub const fn keeper(&self) -> Oin {
        self.opening.keeper
    }

    /// The leaf that counted it.
    #[must_use]
    pub const fn leaf(&self) -> &EvaluationLeaf {
        &self.opening.leaf
    }

    /// Which element of the leaf.
    #[must_use]
    pub const fn position(&self) -> u32 {
        self.opening.position
    }

    /// What was asked.
    #[must_use]
    pub const fn input(&self) -> &OpenedInput {
        &self.opening.input
    }

    /// The entry of the main log that caused it.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.opening.cause
    }

    /// The checkpoint of the evaluation log that it was shown under.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// The checkpoint of the main log that its cause was shown under.
    #[must_use]
    pub const fn main_log(&self) -> &Checkpoint {
        &self.main_log
    }

    /// Whether it was blinded with the day's seed, as whoever can open the seed may ask besides.
    #[must_use]
    pub fn follows_from(&self, seed: &Seed) -> bool {
        *blind_scalar(seed, &self.opening.leaf.request, self.opening.position) == *self.opening.blind
    }
}
