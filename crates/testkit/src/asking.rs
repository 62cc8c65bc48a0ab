//! Somebody who asks keyholders by hand, as a modified node does: with a log that counts what is asked, so that nothing
//! else is wrong with the request than a test means.

use audit::evaluation::elements_root;
use audit::{
    Checkpoint, Commitment, Counters, Day, EvaluationLeaf, EvaluationPurpose, KeySetName, Origin, SealedSeed,
    SignedCheckpoint,
};
use crypto::{SigningKey, TypeName, cbor};
use domain::{NetworkId, Oin};
use protocol::evaluation::{EvaluationRequest, EvaluationResponse};

/// An evaluation log that is kept by hand.
pub struct Asker {
    origin: Origin,
    key: SigningKey,
    counters: Counters,
    leaves: Vec<EvaluationLeaf>,
    /// Makes requests of one log differ from those of another with the same elements.
    mark: u8,
}

impl Asker {
    /// A log without leaves.
    #[must_use]
    pub fn new(network: NetworkId, oin: Oin, key: SigningKey) -> Self {
        let origin = Origin::evaluation_log(network, oin);
        Self { origin, key, counters: Counters::default(), leaves: Vec::new(), mark: 0 }
    }

    /// The same log, from here on another one.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            origin: self.origin.clone(),
            key: self.key.clone(),
            counters: self.counters.clone(),
            leaves: self.leaves.clone(),
            mark: self.mark.wrapping_add(1),
        }
    }

    /// Goes on where a keyholder says that it is, if that is further; `frame` is its answer to [`Self::hear`].
    ///
    /// # Panics
    /// When it is not the answer, or tells another log.
    pub fn go_on(&mut self, frame: &[u8]) {
        let told = cbor::from_slice(frame).expect("an answer");
        let EvaluationResponse::Holds { leaves, .. } = told else { panic!("not what is held: {told:?}") };
        for leaf in leaves {
            let leaf = EvaluationLeaf::from_bytes(&leaf).expect("a leaf");
            self.counters.take(&leaf).expect("it goes on");
            self.leaves.push(leaf);
        }
    }

    /// Asks what a keyholder holds that this log does not.
    #[must_use]
    pub fn hear(&self) -> Vec<u8> {
        cbor::to_vec(&EvaluationRequest::Hear { from: self.counters.size() })
    }

    /// Counts a request for these elements.
    ///
    /// # Panics
    /// On no element, or more than a request has.
    pub fn count(&mut self, key_set: KeySetName, elements: &[[u8; 32]]) -> EvaluationLeaf {
        let place = self.counters.size();
        let mut request = [self.mark; 16];
        for (byte, place) in request.iter_mut().zip(place.to_be_bytes()) {
            *byte = place;
        }
        let leaf = EvaluationLeaf {
            kind: TypeName::new(),
            place,
            request,
            key_set,
            day: self.counters.day().max(Day(20_000)),
            count: u32::try_from(elements.len()).expect("as many as a request has"),
            counted: self.counters.counted(&key_set) + elements.len() as u64,
            elements: elements_root(elements).expect("as many as a request has"),
            purpose: EvaluationPurpose::Registration,
            seed: SealedSeed::nobody(),
            cause: Commitment::from_bytes([0; 32]),
        };
        self.append(leaf.clone());
        leaf
    }

    /// Appends a leaf as it is.
    ///
    /// # Panics
    /// When it does not go on.
    pub fn append(&mut self, leaf: EvaluationLeaf) {
        self.counters.take(&leaf).expect("the next leaf");
        self.leaves.push(leaf);
    }

    /// The frame that asks to evaluate, with the last leaves of the log, as many as travel at once.
    #[must_use]
    pub fn frame(&self, elements: &[[u8; 32]]) -> Vec<u8> {
        let first = self.leaves.len().saturating_sub(32);
        let leaves = self.leaves.get(first..).unwrap_or_default();
        cbor::to_vec(&EvaluationRequest::Evaluate {
            leaves: leaves.iter().map(|leaf| leaf.to_bytes().into()).collect(),
            checkpoint: self.checkpoint(),
            elements: elements.as_flattened().to_vec(),
        })
    }

    /// The newest checkpoint.
    ///
    /// # Panics
    /// Never: no log in a test is that large.
    #[must_use]
    pub fn checkpoint(&self) -> Vec<u8> {
        let (origin, size, root) = (self.origin.clone(), self.counters.size(), self.counters.root());
        let signed = SignedCheckpoint::sign(Checkpoint { origin, size, root }, &self.key);
        signed.expect("no log is that large").to_bytes()
    }
}
