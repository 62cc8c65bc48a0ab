//! The layout of everything that is hashed, signed, keyed or sealed here, as text. A format change shows as a
//! difference in `golden/crypto.txt`; `BLESS=1 cargo test -p crypto --test golden` writes it anew. The values are
//! the test vectors of the protocol's specification.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

mod support;

use std::fmt::Write;
use std::path::Path;

use crypto::{
    BlindedBatch, Document, SealingKey, Seed, Signed, SigningKey, Tagger, TypeName, blind_scalar, digest,
    oprf_input, transcript,
};
use curve25519_dalek::scalar::Scalar;
use domain::{CircleId, Epoch, Oin};
use minicbor::{Decode, Encode};
use support::{ceremony, deal, network, section, signed, signing_key};

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Example {
    #[n(0)]
    kind: TypeName<Self>,
    #[n(1)]
    number: u32,
    #[cbor(n(2), with = "minicbor::bytes")]
    bytes: Vec<u8>,
}

impl Document for Example {
    const LABEL: &'static str = "samenhang example v1";
}

#[derive(Default)]
struct Golden(String);

impl Golden {
    fn part(&mut self, title: &str) {
        writeln!(self.0, "\n# {title}").unwrap();
    }

    fn line(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        writeln!(self.0, "{name} = {}", hex::encode(bytes)).unwrap();
    }
}

#[test]
fn formats_are_as_specified() {
    let mut golden = Golden::default();
    golden
        .0
        .push_str("# Values in hexadecimal. Labels are ASCII; \"seed X\" is the byte X thirty-two times.\n");
    encodings(&mut golden);
    signatures(&mut golden);
    evaluation(&mut golden);
    key_sets(&mut golden);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/crypto.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &golden.0).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(golden.0, expected, "a format changed; if that is meant, run again with BLESS=1");
}

fn encodings(golden: &mut Golden) {
    golden.part("Transcript and digest of label \"samenhang example v1\", fields \"ab\", \"\", \"c\"");
    let fields: [&[u8]; 3] = [b"ab", b"", b"c"];
    golden.line("transcript", transcript("samenhang example v1", &fields));
    golden.line("digest", digest("samenhang example v1", &fields).as_bytes());
    golden.part("Seed 01, label \"example\", counter 2");
    golden.line("derived seed", Seed::from_bytes([1; 32]).derive("example", 2).reveal());
}

fn signatures(golden: &mut Golden) {
    golden.part("Document [label, 5, bytes 0a0b] of label \"samenhang example v1\", key of seed 02");
    let key = SigningKey::from_seed(&Seed::from_bytes([2; 32]));
    let document = Example { kind: TypeName::new(), number: 5, bytes: vec![10, 11] };
    let signed = Signed::sign(document, &key);
    golden.line("verifying key", key.verifying_key().as_bytes());
    golden.line("document bytes", signed.bytes());
    golden.line("document digest", signed.digest().as_bytes());
    golden.line("signature", signed.signature().as_bytes());
    golden.line("wire", signed.to_wire());
    golden.part("Sealed to the key of seed 03: label \"samenhang example v1\", aad \"aad\", plaintext \"plain\", seed 04");
    let receiver = SealingKey::from_seed(&Seed::from_bytes([3; 32]));
    golden.line("sealing key", receiver.public().as_bytes());
    let seed = Seed::from_bytes([4; 32]);
    golden.line("sealed", receiver.public().seal("samenhang example v1", b"aad", b"plain", &seed).unwrap());
}

fn evaluation(golden: &mut Golden) {
    golden.part("Network a1 (32 times), epoch 7, kind \"bsn\", value \"111222333\"");
    let input = oprf_input(&network(), Epoch(7), "bsn", b"111222333");
    golden.line("oprf input", &*input);
    golden.part("Seed 05, request id 06 (16 times), that input at positions 0 and 1");
    let (seed, request) = (Seed::from_bytes([5; 32]), [6; 16]);
    golden.line("blind 0", *blind_scalar(&seed, &request, 0));
    golden.line("blind 1", *blind_scalar(&seed, &request, 1));
    let batch = BlindedBatch::new(&[&*input, &*input], &seed, &request).unwrap();
    for (position, element) in batch.elements().iter().enumerate() {
        golden.line(&format!("blinded element {position}"), element);
    }
    golden.part("The whole key is the scalar 1234, shared 3 of 5");
    let dealt = deal(Scalar::from(1234_u32), 5, 3, 1);
    let key_set = dealt.key_set(&section(5, 3), 1);
    let verified: Vec<_> = dealt
        .shares
        .iter()
        .map(|(index, share)| {
            let evaluation = share.evaluate(batch.elements(), &seed).unwrap();
            batch.verify(&key_set, *index, &evaluation).unwrap()
        })
        .collect();
    let outputs = batch.finish_raw(&key_set, &verified).unwrap();
    let keys = batch.finish(&key_set, &verified).unwrap();
    let ([output, same_output], [key, same_key]) = (outputs.as_slice(), keys.as_slice()) else {
        unreachable!()
    };
    assert_eq!((output, key), (same_output, same_key), "one input has one output, however blinded");
    golden.line("oprf output", **output);
    golden.line("K", key.reveal());
    golden.part("Tag of that K: OIN 00000099000000000001, circle 08 (16 times)");
    let tag = Tagger::new(key).tag(&Oin::test_number(1).unwrap(), &CircleId::from_bytes([8; 16]));
    golden.line("tag", tag.as_bytes());
}

fn key_sets(golden: &mut Golden) {
    golden.part("Keyholders 1 to 5, threshold 3, network as above, OINs 0000009900000000000i");
    let section = section(5, 3);
    for holder in &section.keyholders {
        golden.line(&format!("keyholder {} key", holder.index), holder.key.as_bytes());
    }
    golden.line("keyholder section digest", section.digest().as_bytes());
    golden.part("Epoch 7, class bsn, attempt 1 among them");
    golden.line("ceremony digest", ceremony(&section, 1).digest().as_bytes());
    golden.line("session digest", ceremony(&section, 1).session(&section.indices()).as_bytes());
    let four = section.indices().into_iter().filter(|index| *index != 3).collect();
    golden.line("session digest of attempt 2 without 3", ceremony(&section, 2).session(&four).as_bytes());
    golden.part("Key set of the shared key, transcript digest 5c (32 times)");
    let document = deal(Scalar::from(1234_u32), 5, 3, 1).document(&section, 1);
    golden.line("key set bytes", document.to_bytes());
    golden.line("key set digest", document.digest().as_bytes());
    golden.line("key set signature of keyholder 1", document.sign(&signing_key(1)).as_bytes());
    golden.line("key set wire", signed(&document).to_wire());
}
