//! What the tests share: one organisation, its keys, and an evaluation log of invented requests.

#![allow(dead_code, reason = "each test binary uses a part")]

use audit::evaluation::{FILLING_KIND, elements_root};
use audit::{
    Cause, Checkpoint, Commitment, Day, EvaluationLeaf, EvaluationPurpose, InclusionProof, KeySetName,
    LeafHash, LeafInLog, Officers, OpenedInput, Opening, Origin, Root, Salt, SealedSeed, SignedCheckpoint,
    Tree, TreeHash,
};
use crypto::{BlindedBatch, Digest, SealingKey, Seed, SigningKey, TypeName, digest, oprf_input};
use domain::{Epoch, KeyClass, NetworkId, Oin};

pub(crate) const NETWORK: NetworkId = NetworkId::from_bytes([7; 32]);

/// 22 November 2026.
pub(crate) const TODAY: Day = Day(20_779);

pub(crate) fn oin(number: u64) -> Oin {
    Oin::test_number(number).unwrap()
}

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([number; 32]))
}

pub(crate) fn key_set(epoch: u32, class: KeyClass) -> KeySetName {
    KeySetName { epoch: Epoch(epoch), class, digest: digest("test key set", &[&epoch.to_be_bytes()]) }
}

/// A leaf for so many elements that are no points: only their number and root matter here.
pub(crate) fn leaf(place: u64, key_set: KeySetName, count: u32, counted: u64) -> EvaluationLeaf {
    let elements: Vec<[u8; 32]> = (0..count).map(|j| element(place, j)).collect();
    EvaluationLeaf {
        kind: TypeName::new(),
        place,
        request: [u8::try_from(place % 256).unwrap(); 16],
        key_set,
        day: TODAY,
        count,
        counted,
        elements: elements_root(&elements).unwrap(),
        purpose: EvaluationPurpose::Registration,
        seed: digest("test sealed seed", &[]),
        cause: cause(place),
    }
}

pub(crate) fn element(place: u64, j: u32) -> [u8; 32] {
    *digest("test element", &[&place.to_be_bytes(), &j.to_be_bytes()]).as_bytes()
}

/// The entry of the main log that caused the leaf at a place, and its salt.
pub(crate) fn entry(place: u64) -> Vec<u8> {
    format!("evaluation requested, {place}").into_bytes()
}

pub(crate) fn salt(place: u64) -> Salt {
    Salt::from_seed(&Seed::from_bytes([0x5a; 32]).derive("test salt", place))
}

pub(crate) fn cause(place: u64) -> Commitment {
    Commitment::to_cause(&salt(place), 3 * place, LeafHash::of(&entry(place)))
}

/// Leaves of sixteen elements each, under one key set.
pub(crate) fn leaves(count: u64) -> Vec<EvaluationLeaf> {
    let key_set = key_set(7, KeyClass::Weak);
    (0..count).map(|place| leaf(place, key_set, 16, 16 * (place + 1))).collect()
}

/// A log: its tree, the hashes that it stored, and the root at each size.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) tree: Tree,
    pub(crate) hashes: Vec<TreeHash>,
    pub(crate) roots: Vec<Root>,
}

impl Log {
    pub(crate) fn of(entries: impl IntoIterator<Item = LeafHash>) -> Self {
        let mut log = Self { roots: vec![Root::empty()], ..Self::default() };
        for entry in entries {
            log.hashes.extend(log.tree.append(entry).unwrap());
            log.roots.push(log.tree.root());
        }
        log
    }

    /// A checkpoint of all of it.
    pub(crate) fn signed(&self, origin: Origin, key: &SigningKey) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin, size: self.tree.size(), root: self.tree.root() };
        SignedCheckpoint::sign(checkpoint, key).unwrap()
    }
}

pub(crate) const SEED: Seed = Seed::from_bytes([0x21; 32]);

pub(crate) fn officer(number: u8) -> SealingKey {
    SealingKey::from_seed(&Seed::from_bytes([number; 32]))
}

/// The seed of today, sealed to officers 0x31 and 0x32.
pub(crate) fn sealed_seed() -> SealedSeed {
    let officers = Officers { privacy_officer: officer(0x31).public(), supervisor: officer(0x32).public() };
    SealedSeed::seal(NETWORK, oin(1), TODAY, &SEED, &officers, &Seed::from_bytes([0x33; 32])).unwrap()
}

/// What was asked in one leaf: three names of invented persons, filled up to sixteen.
pub(crate) struct Asked {
    pub(crate) inputs: Vec<OpenedInput>,
    pub(crate) elements: Vec<[u8; 32]>,
    pub(crate) leaf: EvaluationLeaf,
}

impl Asked {
    /// The leaf at a place of a log in which every leaf asks sixteen under the weak keys of epoch 7.
    pub(crate) fn at(place: u64) -> Self {
        let leaf = leaf(place, key_set(7, KeyClass::Weak), 16, 16 * (place + 1));
        Self::of(leaf, "naam-geboorte")
    }

    /// The same with inputs of another kind.
    pub(crate) fn of(leaf: EvaluationLeaf, kind: &str) -> Self {
        let real = (0..3).map(|j| OpenedInput::new(kind, format!("person {j} of {}", leaf.place).as_bytes()));
        let filled =
            (3..16).map(|j| OpenedInput::new(FILLING_KIND, &crypto::filling_value(&SEED, &leaf.request, j)));
        let inputs: Vec<OpenedInput> = real.chain(filled).collect();
        let laid_out: Vec<_> = inputs
            .iter()
            .map(|input| oprf_input(&NETWORK, leaf.key_set.epoch, input.kind(), input.reveal()))
            .collect();
        let elements = BlindedBatch::new(&laid_out, &SEED, &leaf.request).unwrap().elements().to_vec();
        let root = elements_root(&elements).unwrap();
        let leaf = EvaluationLeaf { elements: root, seed: sealed_seed().digest(), ..leaf };
        Self { inputs, elements, leaf }
    }
}

/// An organisation with five leaves in its evaluation log and what caused them in its main log.
pub(crate) struct Organisation {
    pub(crate) asked: Vec<Asked>,
    pub(crate) log: Log,
    pub(crate) checkpoint: SignedCheckpoint,
    pub(crate) main_log: Log,
    pub(crate) main_checkpoint: SignedCheckpoint,
}

impl Organisation {
    pub(crate) fn new(asked: Vec<Asked>) -> Self {
        let log = Log::of(asked.iter().map(|asked| asked.leaf.hash()));
        let checkpoint = log.signed(Origin::evaluation_log(NETWORK, oin(1)), &key(1));
        // Every third entry is the cause of an evaluation.
        let entries = (0..3 * asked.len() as u64).map(|place| {
            if place.is_multiple_of(3) {
                LeafHash::of(&entry(place / 3))
            } else {
                LeafHash::of(b"another entry")
            }
        });
        let main_log = Log::of(entries);
        let main_checkpoint = main_log.signed(Origin::main_log(NETWORK, oin(1)), &key(1));
        Self { asked, log, checkpoint, main_log, main_checkpoint }
    }

    pub(crate) fn of_leaves(count: u64) -> Self {
        Self::new((0..count).map(Asked::at).collect())
    }

    pub(crate) fn cause(&self, place: u64) -> Cause {
        let size = self.main_log.tree.size();
        let inclusion = InclusionProof::make(3 * place, size, self.main_log.hashes.as_slice()).unwrap();
        Cause::new(&salt(place), 3 * place, entry(place), &self.main_checkpoint, inclusion)
    }

    pub(crate) fn leaf_in_log(&self, place: u64) -> LeafInLog<'_> {
        let inclusion =
            InclusionProof::make(place, self.log.tree.size(), self.log.hashes.as_slice()).unwrap();
        let leaf = &self.asked[usize::try_from(place).unwrap()].leaf;
        LeafInLog { network: NETWORK, keeper: oin(1), leaf, checkpoint: &self.checkpoint, inclusion }
    }

    pub(crate) fn open(&self, place: u64, position: u32, seed: &Seed) -> Opening {
        let asked = &self.asked[usize::try_from(place).unwrap()];
        let input = asked.inputs[usize::try_from(position).unwrap()].clone();
        self.open_as(place, position, input, seed)
    }

    pub(crate) fn open_as(&self, place: u64, position: u32, input: OpenedInput, seed: &Seed) -> Opening {
        let elements = &self.asked[usize::try_from(place).unwrap()].elements;
        Opening::make(self.leaf_in_log(place), elements, position, input, seed, self.cause(place)).unwrap()
    }
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn digest_of(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}
