//! Cosignatures of witnesses: C2SP tlog-cosignature, version 1 with Ed25519.

use crypto::{Signature, SigningKey, VerifyingKey};
use domain::{NetworkId, Oin, Timestamp};

use crate::note::{Algorithm, sign, verifies};
use crate::{AuditError, Checkpoint};

/// Highest time, by the specification.
const MAX_TIME: u64 = (1 << 63) - 1;

/// A witness as others know it: its name and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigner {
    name: String,
    key: VerifyingKey,
}

impl Cosigner {
    /// An organisation that witnesses in a network, with the key that it does so with.
    #[must_use]
    pub fn new(network: NetworkId, witness: Oin, key: VerifyingKey) -> Self {
        Self { name: format!("samenhang/{network}/witness/{witness}"), key }
    }

    /// The name in its signature lines.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number in its signature lines.
    #[must_use]
    pub fn key_id(&self) -> u32 {
        Algorithm::CosignatureV1.key_id(&self.name, &self.key)
    }
}

/// That a witness, at this time, knew of no larger tree of the log than the checkpoint's, and that this one continues
/// every one that it knew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    time: Timestamp,
    signature: Signature,
}

impl Cosignature {
    /// Cosigns a checkpoint. Whether it continues what the witness remembers is for the caller to have checked.
    ///
    /// # Errors
    /// A time that the specification has no room for.
    pub fn sign(checkpoint: &Checkpoint, time: Timestamp, key: &SigningKey) -> Result<Self, AuditError> {
        if time.0 > MAX_TIME {
            return Err(AuditError::BadCosignature);
        }
        let signature = sign(key, &message(checkpoint, time));
        let signature = signature.try_into().map_err(|_| AuditError::BadCosignature)?;
        Ok(Self { time, signature: Signature::from_bytes(signature) })
    }

    /// The bytes of a signature line, after the key's number: time (8, big-endian) ‖ signature (64).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.time.0.to_be_bytes().as_slice(), self.signature.as_bytes()].concat()
    }

    /// Reads the bytes of a signature line, after the key's number.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (time, signature) = bytes.split_first_chunk::<8>()?;
        let time = u64::from_be_bytes(*time);
        let signature = Signature::from_bytes(signature.try_into().ok()?);
        (time <= MAX_TIME).then_some(Self { time: Timestamp(time), signature })
    }

    /// When it was made, by the witness's clock.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The signature itself, which nobody but the witness could foresee.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Verifies that a witness made it for a checkpoint.
    ///
    /// # Errors
    /// It did not.
    pub fn verify(&self, witness: &Cosigner, checkpoint: &Checkpoint) -> Result<(), AuditError> {
        let message = message(checkpoint, self.time);
        let holds = verifies(&witness.key, &message, self.signature.as_bytes());
        if holds { Ok(()) } else { Err(AuditError::BadCosignature) }
    }

    /// Its line in a note.
    pub(crate) fn line(&self, witness: &Cosigner) -> Result<signed_note::Signature, signed_note::NoteError> {
        signed_note::Signature::new(witness.name().to_owned(), witness.key_id(), self.to_bytes())
    }
}

/// What is signed: two lines, and the text of the checkpoint.
fn message(checkpoint: &Checkpoint, time: Timestamp) -> Vec<u8> {
    [format!("cosignature/v1\ntime {}\n", time.0).into_bytes(), checkpoint.text()].concat()
}

#[cfg(test)]
mod tests {
    use signed_note::Note;

    use super::*;
    use crate::note::signatures_of;
    use crate::{Origin, Root};

    /// The example of the specification (C2SP, tlog-cosignature). No key of its witness is published and its signature is
    /// made up, so what is checked is the message that is signed and what is read of the line.
    const EXAMPLE: &str = "\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
";

    const SIGNED: &str = "\
cosignature/v1
time 1679315147
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
";

    #[test]
    fn the_example_of_the_specification_is_read_and_laid_out_as_it_says() {
        let note = Note::from_bytes(EXAMPLE.as_bytes()).unwrap();
        let read = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
        let root: Root = (*read.hash()).into();
        let origin = Origin::named("example.com/behind-the-sofa");
        let checkpoint = Checkpoint { origin, size: read.size(), root };
        assert_eq!(checkpoint.text(), note.text());
        let lines = signatures_of(&note, "witness.example.com/w1", 0x8d66_cf3f);
        let [line] = lines.as_slice() else { panic!("one line of the witness, not {}", lines.len()) };
        assert_eq!(line.len(), 8 + 64);
        let cosignature = Cosignature::from_bytes(line).unwrap();
        assert_eq!(cosignature.time(), Timestamp(1_679_315_147));
        assert_eq!(message(&checkpoint, cosignature.time()), SIGNED.as_bytes());
        // Written as it was read.
        let bytes = [cosignature.time.0.to_be_bytes().as_slice(), cosignature.signature.as_bytes()].concat();
        let again =
            signed_note::Signature::new("witness.example.com/w1".to_owned(), 0x8d66_cf3f, bytes).unwrap();
        assert!(EXAMPLE.as_bytes().ends_with(&again.to_bytes()));
    }

    /// The other signature of the example is a real one: that of Go's checksum database over its own name.
    #[test]
    fn the_signature_of_the_log_in_it_verifies_under_the_name_and_key_that_made_it() {
        let key = VerifyingKey::from_bytes([
            206, 51, 114, 215, 90, 209, 238, 94, 205, 175, 135, 39, 41, 61, 75, 17, 29, 135, 235, 55, 83, 29,
            124, 134, 212, 211, 0, 63, 14, 184, 9, 252,
        ]);
        assert_eq!(Algorithm::Ed25519.key_id("sum.golang.org", &key), 0x033d_e0ae);
        let note = Note::from_bytes(EXAMPLE.as_bytes()).unwrap();
        let lines = signatures_of(&note, "example.com/behind-the-sofa", 0x033d_e0ae);
        let text = String::from_utf8(note.text().to_vec()).unwrap();
        let own = text.replace("example.com/behind-the-sofa", "go.sum database tree");
        assert!(verifies(&key, own.as_bytes(), &lines[0]));
        assert!(!verifies(&key, text.as_bytes(), &lines[0]));
    }
}
