//! Frames of the witness conversation, and the names of logs in them.

use audit::{ConsistencyProof, Origin};
use domain::{NetworkId, Oin};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use roster::VerifiedRoster;

/// Longest checkpoint in a frame, in bytes: three lines and the signature of its key; cosignatures do not travel with it.
pub const MAX_SHOWN_BYTES: usize = 1_024;

/// Most checkpoints that two witnesses compare in one frame.
pub const COMPARED_PER_FRAME: usize = 40;

/// Which of its logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum LogKind {
    /// What the organisation did.
    #[n(1)]
    Main,
    /// What it had evaluated.
    #[n(2)]
    Evaluations,
}

/// One log of one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct LogName {
    /// Who keeps it.
    #[cbor(n(0), with = "crypto::cbor::oin")]
    pub keeper: Oin,
    /// Which of its logs.
    #[n(1)]
    pub kind: LogKind,
    /// In which generation; 0 is the first.
    #[n(2)]
    pub generation: u32,
}

impl LogName {
    /// The name that its checkpoints have.
    #[must_use]
    pub fn origin(&self, network: NetworkId) -> Origin {
        match self.kind {
            LogKind::Main => Origin::main_log_generation(network, self.keeper, self.generation),
            LogKind::Evaluations => Origin::evaluation_log(network, self.keeper),
        }
    }

    /// Whether it is a log that the roster knows, in the generation that is in force there.
    pub(crate) fn is_in_force(&self, roster: &VerifiedRoster) -> bool {
        roster.member(&self.keeper).is_some()
            && self.generation == generation(roster, &self.keeper, self.kind)
    }

    /// Key of records about it.
    pub(crate) fn key(&self) -> Vec<u8> {
        [self.keeper.as_bytes().as_slice(), &[self.kind as u8], &self.generation.to_be_bytes()].concat()
    }
}

/// The generation of a log that is in force: the newest that governors approved. An evaluation log has but one.
pub(crate) fn generation(roster: &VerifiedRoster, keeper: &Oin, kind: LogKind) -> u32 {
    match kind {
        LogKind::Main => roster.log_generations(keeper).map(|one| one.generation).max().unwrap_or(0),
        LogKind::Evaluations => 0,
    }
}

/// A checkpoint of a log, signed by its keeper.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Shown {
    /// Of which log.
    #[n(0)]
    pub log: LogName,
    /// The signed note.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub note: Vec<u8>,
}

/// What one asks of another.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum WitnessRequest {
    /// What do you remember of this log? From its keeper, and from its other witnesses.
    #[n(1)]
    Recall {
        /// The log.
        #[n(0)]
        log: LogName,
    },
    /// Cosign this: from its keeper.
    #[n(2)]
    Show {
        /// The checkpoint.
        #[n(0)]
        shown: Shown,
        /// That it continues the one that the witness was last heard to remember.
        #[n(1)]
        proof: ConsistencyProof,
    },
    /// Show that these two are of one log: to their keeper.
    #[n(3)]
    Challenge {
        /// The log.
        #[n(0)]
        log: LogName,
        /// The challenge.
        #[cbor(n(1), with = "minicbor::bytes")]
        challenge: Vec<u8>,
    },
    /// This is what I remember: from one witness to another.
    #[n(4)]
    Compare {
        /// At most [`COMPARED_PER_FRAME`], ascending by log.
        #[n(0)]
        shown: Vec<Shown>,
    },
    /// Somebody signed two logs: to everybody.
    #[n(5)]
    Evidence {
        /// The log.
        #[n(0)]
        log: LogName,
        /// The proof.
        #[cbor(n(1), with = "minicbor::bytes")]
        proof: Vec<u8>,
    },
    /// Who signed two logs? From everybody.
    #[n(6)]
    Forks {
        /// The log after which to go on.
        #[n(0)]
        after: Option<LogName>,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum WitnessResponse {
    /// To what is shown: a cosignature.
    #[n(1)]
    Cosigned {
        /// Time (8, big-endian) and signature (64).
        #[cbor(n(0), with = "minicbor::bytes")]
        cosignature: Vec<u8>,
    },
    /// What the witness remembers: asked for, or because what was shown does not continue it.
    #[n(2)]
    Recalled {
        /// The signed note, as it was shown once.
        #[n(0)]
        note: Option<ByteVec>,
    },
    /// The keeper of the log signed two: to what is shown of it, and to whoever asks for forks.
    #[n(3)]
    Forked {
        /// The log.
        #[n(0)]
        log: LogName,
        /// The proof.
        #[cbor(n(1), with = "minicbor::bytes")]
        proof: Vec<u8>,
    },
    /// To a challenge: that the later continues the earlier.
    #[n(4)]
    Consistent {
        /// The proof.
        #[n(0)]
        proof: ConsistencyProof,
    },
    /// Nothing to say, or not now.
    #[n(5)]
    Nothing,
}
