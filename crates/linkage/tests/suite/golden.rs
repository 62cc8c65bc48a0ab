//! The bytes of keys: a change of any of them separates organisations that upgraded from those that did not.
//!
//! After an intended change run `BLESS=1 cargo test -p linkage` and say so in the change log.

use std::fmt::Write as _;
use std::path::Path;

use domain::Role;

use crate::support::{child, family, keys_of, parent, with_role};

#[test]
fn values_of_keys_are_stable() {
    let recorded = family(&[
        child().named("Sophie", "Meijer").born("2015-06-17").at("3512JK 4 A").bsn("999990019"),
        child().named("Yusuf", "Meijer").born("2016-09-03").at("3512JK 4 A"),
        parent().named("A.M.", "Meijer-van der Kolk").born("1985-03-20").at("3512JK 4 A").bsn("111222333"),
        with_role(Role::Partner)
            .named("Gökhan", "Yıldız")
            .born("1983-07-00")
            .at("3512JK 4 A")
            .left("9711AA 101", Some("2026-01-31")),
    ]);
    let mut found = String::new();
    for key in keys_of(&recorded).keys() {
        writeln!(found, "{} {}", key.kind(), hex::encode(key.value())).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/keys.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(expected.lines().count() > 10, "the golden file is complete");
    assert_eq!(found, expected, "keys changed; BLESS=1 writes {}", path.display());
}
