//! The signed and hashed forms of a feed.

use crypto::{Seed, SigningKey, Tag};
use domain::{CircleId, Epoch, NetworkId, Oin, Timestamp};
use index::{FeedId, Publisher, UnverifiedProof};

#[test]
fn the_forms_of_a_feed_are_the_golden_ones() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let key = SigningKey::from_seed(&Seed::from_bytes([3; 32]));
    let feed = FeedId {
        publisher: Oin::test_number(1).unwrap(),
        circle: CircleId::from_bytes([1; 16]),
        epoch: Epoch(7),
    };
    let mut publisher = Publisher::new(NetworkId::from_bytes([7; 32]), feed);
    publisher.add([Tag::from_bytes([0xbb; 16]), Tag::from_bytes([0xaa; 16])]);
    let now = Timestamp(1_795_000_000);
    let first = publisher.segment(now, &key).unwrap();
    let second = publisher.segment(now.plus(2), &key).unwrap();
    let roster = (3, crypto::digest("roster", &[]));
    let head = publisher.head(now.plus(2), true, roster, vec![crypto::digest("key set", &[])], &key).unwrap();
    let mut other = Publisher::new(NetworkId::from_bytes([7; 32]), feed);
    let other = other.segment(now, &key).unwrap().header.to_wire();
    let proof = UnverifiedProof::of(&first.header.to_wire(), &other).unwrap();
    let proof = proof.verify(&NetworkId::from_bytes([7; 32]), &key.verifying_key()).unwrap();
    let text = format!(
        "# A feed of two segments. Regenerate with BLESS=1 cargo test -p index.\n\
         body = {}\nbody digest = {}\nempty body digest = {}\nheader 1 = {}\nheader 1 digest = {}\nheader 2 = {}\n\
         head = {}\nproof = {}\n",
        hex(&first.body.to_bytes()),
        first.body.digest(),
        second.body.digest(),
        hex(&first.header.to_wire()),
        first.header.digest(),
        hex(&second.header.to_wire()),
        hex(&head.to_wire()),
        hex(&proof.to_wire()),
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/feed.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a format changed; if meant, run with BLESS=1");
}
