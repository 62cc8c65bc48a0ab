//! Checkpoints: what a log is at one size, signed by whoever keeps it. C2SP signed-note and tlog-checkpoint.

use std::fmt;

use crypto::{SigningKey, VerifyingKey};
use domain::{NetworkId, Oin};
use signed_note::Note;

use crate::cosignature::{Cosignature, Cosigner};
use crate::note::{Algorithm, Known, sign, signatures_of};
use crate::{AuditError, MAX_LOG_SIZE, Period, Root};

/// Longest checkpoint in bytes: its text and as many cosignatures as a network has witnesses.
pub const MAX_CHECKPOINT_BYTES: usize = 16 * 1024;

/// Stands in the names of closings only: no other has as many parts.
const PERIOD: &str = "/period/";

/// Stands in the names of main logs that went on after a loss.
const GENERATION: &str = "/generation/";

/// Names a log, and the key that signs its checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// The main log of an organisation in a network.
    #[must_use]
    pub fn main_log(network: NetworkId, keeper: Oin) -> Self {
        Self(format!("samenhang/{network}/log/{keeper}"))
    }

    /// The main log of an organisation in a generation that governors approved after a loss; 0 is the first, which has the
    /// name of the log itself.
    #[must_use]
    pub fn main_log_generation(network: NetworkId, keeper: Oin, generation: u32) -> Self {
        let Self(name) = Self::main_log(network, keeper);
        Self(if generation == 0 { name } else { format!("{name}{GENERATION}{generation}") })
    }

    /// The evaluation log of an organisation in a network.
    #[must_use]
    pub fn evaluation_log(network: NetworkId, keeper: Oin) -> Self {
        Self(format!("samenhang/{network}/evaluations/{keeper}"))
    }

    /// The closing of a period of the evaluation log of an organisation: a name with one checkpoint for ever.
    #[must_use]
    pub fn closed_period(network: NetworkId, keeper: Oin, period: Period) -> Self {
        Self(format!("samenhang/{network}/evaluations/{keeper}{PERIOD}{period}"))
    }

    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Whether it is the name of a closing.
    pub(crate) fn is_closed_period(&self) -> bool {
        self.0.contains(PERIOD)
    }

    /// The name as it stands in the first line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a log is at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Root,
}

impl Checkpoint {
    /// The three lines that are signed.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let checkpoint = tlog_tiles::Checkpoint::new(self.origin.as_str(), self.size, self.root.into(), "");
        checkpoint.map(|checkpoint| checkpoint.to_bytes()).unwrap_or_default()
    }
}

/// A checkpoint that the key of its log has signed, with the cosignatures that it was given.
#[derive(Debug, PartialEq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Signs a checkpoint with the key of its log.
    ///
    /// # Errors
    /// More entries than a log has.
    pub fn sign(checkpoint: Checkpoint, key: &SigningKey) -> Result<Self, AuditError> {
        if checkpoint.size > MAX_LOG_SIZE {
            return Err(AuditError::BeyondEnd);
        }
        let (name, text) = (checkpoint.origin.as_str().to_owned(), checkpoint.text());
        let id = Algorithm::Ed25519.key_id(&name, &key.verifying_key());
        let signature = signed_note::Signature::new(name, id, sign(key, &text));
        let note = signature.and_then(|signature| Note::new(&text, &[signature]));
        Ok(Self { checkpoint, note: note.map_err(|_| AuditError::MalformedCheckpoint)? })
    }

    /// Puts a checkpoint together again from what was kept of it: its signature by the key of its log.
    ///
    /// # Errors
    /// The key did not sign it.
    pub fn from_signature(
        checkpoint: Checkpoint,
        key: &VerifyingKey,
        signature: &[u8; 64],
    ) -> Result<Self, AuditError> {
        let origin = checkpoint.origin.clone();
        let (name, text) = (origin.as_str().to_owned(), checkpoint.text());
        let id = Algorithm::Ed25519.key_id(&name, key);
        let signature = signed_note::Signature::new(name, id, signature.to_vec());
        let note = signature.and_then(|signature| Note::new(&text, &[signature]));
        let note = note.map_err(|_| AuditError::MalformedCheckpoint)?;
        Self::verify(&note.to_bytes(), &origin, key)
    }

    /// The signature by the key of its log, which is enough to put it together again.
    #[must_use]
    pub fn signature(&self, key: &VerifyingKey) -> Option<[u8; 64]> {
        let name = self.checkpoint.origin.as_str();
        let signatures = signatures_of(&self.note, name, Algorithm::Ed25519.key_id(name, key));
        signatures.first().and_then(|bytes| bytes.as_slice().try_into().ok())
    }

    /// Reads a checkpoint of this log and verifies that this key signed it. Signatures of others are kept and say nothing
    /// until [`cosignature_of`](Self::cosignature_of) has verified them.
    ///
    /// # Errors
    /// Too long, unreadable or in a second spelling; of another log; not signed by its key.
    pub fn verify(bytes: &[u8], origin: &Origin, key: &VerifyingKey) -> Result<Self, AuditError> {
        if bytes.len() > MAX_CHECKPOINT_BYTES {
            return Err(AuditError::MalformedCheckpoint);
        }
        let note = Note::from_bytes(bytes).map_err(|_| AuditError::MalformedCheckpoint)?;
        let read = tlog_tiles::Checkpoint::from_bytes(note.text());
        let read = read.map_err(|_| AuditError::MalformedCheckpoint)?;
        if read.origin() != origin.as_str() {
            return Err(AuditError::OtherLog);
        }
        let checkpoint =
            Checkpoint { origin: origin.clone(), size: read.size(), root: (*read.hash()).into() };
        // What says more than the three lines is not ours, and a second spelling could be passed off as another one.
        if checkpoint.size > MAX_LOG_SIZE || note.text() != checkpoint.text() || note.to_bytes() != bytes {
            return Err(AuditError::MalformedCheckpoint);
        }
        note.verify(&Known { name: origin.as_str(), key }).map_err(|_| AuditError::BadSignature)?;
        Ok(Self { checkpoint, note })
    }

    /// What is signed.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note with all its signatures, as it travels.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }

    /// Adds the cosignature of a witness, in the place of an earlier one of the same witness.
    ///
    /// # Errors
    /// It does not verify, or there is no room for more.
    pub fn add(&mut self, witness: &Cosigner, cosignature: &Cosignature) -> Result<(), AuditError> {
        cosignature.verify(witness, &self.checkpoint)?;
        let line = cosignature.line(witness).map_err(|_| AuditError::BadCosignature)?;
        let others = self.note.to_bytes();
        let others = others.get(self.note.text().len() + 1..).unwrap_or_default();
        let others = others.split(|byte| *byte == b'\n');
        let mut lines: Vec<signed_note::Signature> =
            others.filter_map(|line| signed_note::Signature::from_bytes(line).ok()).collect();
        lines.retain(|held| (held.name(), held.id()) != (line.name(), line.id()));
        lines.push(line);
        let note = Note::new(self.note.text(), &lines).map_err(|_| AuditError::MalformedCheckpoint)?;
        if note.to_bytes().len() > MAX_CHECKPOINT_BYTES {
            return Err(AuditError::MalformedCheckpoint);
        }
        self.note = note;
        Ok(())
    }

    /// The cosignature of a witness, verified.
    ///
    /// # Errors
    /// There is none that verifies.
    pub fn cosignature_of(&self, witness: &Cosigner) -> Result<Cosignature, AuditError> {
        let signatures = signatures_of(&self.note, witness.name(), witness.key_id());
        let cosignatures = signatures.iter().filter_map(|bytes| Cosignature::from_bytes(bytes));
        cosignatures
            .filter(|cosignature| cosignature.verify(witness, &self.checkpoint).is_ok())
            .max_by_key(Cosignature::time)
            .ok_or(AuditError::BadCosignature)
    }
}
