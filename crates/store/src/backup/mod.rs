//! Backups: one sealed file with everything that cannot be made again, and nothing else.
//!
//! A file is a head and a stream. The head ([`BackupHead`]) is readable by anybody and tells the format and what the
//! passphrase hash costs; it names no organisation. The stream is cut into chunks of 64 KiB, sealed with
//! ChaCha20-Poly1305 in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption
//! and its Nonce-Reuse Misuse-Resistance", 2015), so that chunks can be neither moved, left out nor cut off. Inside are
//! entries: a [`Manifest`], key files, rosters, records.
//!
//! What is not here: how a passphrase becomes a key, where a file lies and who may restore it: that is the node's.

mod contents;
mod entry;
mod file;
mod head;
mod reader;
pub(crate) mod stream;

pub use contents::{BackupContents, Sealing, Snapshot, is_backed_up};
pub use entry::{BackupSummary, Entry, MAX_ENTRY_BYTES, Manifest};
pub use file::BackupFile;
pub use head::{BackupHead, BackupKey, HEAD_BYTES, HashCosts, PASSPHRASE_HASH_BYTES};
pub use reader::BackupReader;

#[cfg(test)]
mod tests {
    use domain::{Oin, Timestamp};
    use protocol::{Collection, Scope, Secret, SecretName};

    use super::{entry, head, stream::Sealer, *};
    use crate::Record;

    /// `BLESS=1 cargo test -p store` writes the file again; a difference means that old backups become unreadable.
    #[test]
    fn the_format_of_a_backup_is_the_golden_one() {
        let (head, key) = head::fixed_head().seal(&[1; 32]);
        let frames = [
            entry::manifest_frame(&Manifest {
                oin: Oin::test_number(7).unwrap(),
                made_at: Timestamp(1_795_253_400),
                program: "0.1.0".to_owned(),
                format: 1,
                keys: 1,
                rosters: 1,
                records: 2,
            }),
            entry::entry_frame(Entry::Key {
                name: SecretName::new("node".to_owned()),
                secret: Secret::new(vec![2; 4]),
            }),
            entry::entry_frame(Entry::Roster(vec![3; 4])),
            entry::entry_frame(Entry::Record {
                collection: Collection::Signal,
                record: Record { scope: Scope::Lasting, key: b"G-1".to_vec(), value: vec![4; 4] },
            }),
            entry::entry_frame(Entry::Record {
                collection: Collection::Signal,
                record: Record {
                    scope: Scope::Month("2031-12".parse().unwrap()),
                    key: b"G-1".to_vec(),
                    value: vec![4; 4],
                },
            }),
        ];
        let mut sealer = Sealer::new(&key);
        frames.iter().for_each(|frame| sealer.push(frame));
        let [manifest, key_file, roster, record, of_month] = frames.map(|frame| hex::encode(&*frame));
        let now = format!(
            "head       {}\nstream key {}\nmanifest   {manifest}\nkey        {key_file}\nroster     {roster}\n\
             record     {record}\nof a month {of_month}\nstream     {}\n",
            hex::encode(head),
            hex::encode(key.reveal()),
            hex::encode(sealer.finish()),
        );
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/backup.txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        assert_eq!(now, std::fs::read_to_string(path).unwrap());
    }

    #[test]
    fn an_entry_longer_than_any_file_is_damage_whoever_sealed_it() {
        let (_, key) = head::fixed_head().seal(&[1; 32]);
        for (length, told) in [(33 << 20, "its last entry"), ((33 << 20) + 1, "the length of an entry")] {
            let mut sealer = Sealer::new(&key);
            sealer.push(&u32::to_be_bytes(length));
            let refused = BackupReader::new(sealer.finish().as_slice(), &key).err();
            let is_told = matches!(refused, Some(crate::StoreError::BackupDamaged { what }) if what == told);
            assert!(is_told, "{length}: {refused:?}");
        }
    }

    #[test]
    fn debugging_shows_nothing_of_what_is_backed_up() {
        let record = Record { scope: Scope::Lasting, key: b"G-1".to_vec(), value: b"Zonneveld".to_vec() };
        let shown = format!("{:?}", Entry::Record { collection: Collection::Signal, record });
        assert_eq!(shown, "Record(Signal, Record(9 bytes))");
    }
}
