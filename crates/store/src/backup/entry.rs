//! What stands in a backup, entry by entry: length (4, big-endian) ‖ deterministic CBOR.

use std::fmt;

use crypto::cbor;
use domain::{Month, Oin, Timestamp};
use minicbor::{Decode, Encode};
use protocol::{Collection, Scope, Secret, SecretName};
use zeroize::{Zeroize, Zeroizing};

use super::contents::is_backed_up;
use crate::{MAX_KEY_BYTES, MAX_SECRET_BYTES, MAX_VALUE_BYTES, Record, StoreError, secrets};

/// Longest entry: the longest roster file that a node takes (32 MiB), with room.
pub const MAX_ENTRY_BYTES: usize = 33 << 20;

/// Longest name of the program that a manifest may hold.
const MAX_PROGRAM_BYTES: usize = 64;

/// The first entry: whose backup it is, of when, and how much there is. The counts promise; reading to the end keeps
/// them to it, and nothing is reserved for them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Manifest {
    /// The organisation.
    #[cbor(n(0), with = "crypto::cbor::oin")]
    pub oin: Oin,
    /// When it was made, by the node's clock.
    #[cbor(n(1), with = "crypto::cbor::timestamp")]
    pub made_at: Timestamp,
    /// Version of the program that made it.
    #[n(2)]
    pub program: String,
    /// Format of the records.
    #[n(3)]
    pub format: u32,
    /// Number of key files.
    #[n(4)]
    pub keys: u64,
    /// Number of rosters: versions 1 to this.
    #[n(5)]
    pub rosters: u64,
    /// Number of records.
    #[n(6)]
    pub records: u64,
}

impl Manifest {
    /// Number of entries after this one.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.keys.saturating_add(self.rosters).saturating_add(self.records)
    }
}

/// What was found in a backup that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupSummary {
    /// The first entry, whose counts were found to be true.
    pub manifest: Manifest,
    /// How many of the records are signals.
    pub signals: u64,
}

/// One thing in a backup.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// A key file.
    Key {
        /// Its name.
        name: SecretName,
        /// What is in it.
        secret: Secret,
    },
    /// A roster as signed.
    Roster(Vec<u8>),
    /// A record.
    Record {
        /// The sort of record.
        collection: Collection,
        /// Key and value.
        record: Record,
    },
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { name, .. } => write!(f, "Key({})", name.as_str()),
            Self::Roster(wire) => write!(f, "Roster({} bytes)", wire.len()),
            Self::Record { collection, record } => write!(f, "Record({collection:?}, {record:?})"),
        }
    }
}

/// An entry as it is written. Numbers are part of the format.
#[derive(Encode, Decode)]
enum Wire {
    #[n(0)]
    Manifest(#[n(0)] Manifest),
    #[n(1)]
    Key(#[n(0)] String, #[cbor(n(1), with = "minicbor::bytes")] Vec<u8>),
    #[n(2)]
    Roster(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    #[n(3)]
    Record(
        #[n(0)] u8,
        #[cbor(n(1), with = "minicbor::bytes")] Vec<u8>,
        #[cbor(n(2), with = "minicbor::bytes")] Vec<u8>,
        /// The month with which it is forgotten.
        #[n(3)]
        Option<u32>,
    ),
}

impl Drop for Wire {
    fn drop(&mut self) {
        match self {
            Self::Key(_, bytes) | Self::Record(_, _, bytes, _) => bytes.zeroize(),
            Self::Manifest(_) | Self::Roster(_) => {}
        }
    }
}

/// The manifest as an entry.
pub(super) fn manifest_frame(manifest: &Manifest) -> Zeroizing<Vec<u8>> {
    frame(&Wire::Manifest(manifest.clone()))
}

/// An entry with its length in front.
pub(super) fn entry_frame(entry: Entry) -> Zeroizing<Vec<u8>> {
    frame(&match entry {
        Entry::Key { name, secret } => Wire::Key(name.as_str().to_owned(), secret.reveal().to_vec()),
        Entry::Roster(wire) => Wire::Roster(wire),
        Entry::Record { collection, record } => {
            let month = match record.scope {
                Scope::Month(month) => Some(month.number()),
                Scope::Lasting | Scope::Epoch(_) => None,
            };
            Wire::Record(collection.number(), record.key, record.value, month)
        }
    })
}

fn frame(wire: &Wire) -> Zeroizing<Vec<u8>> {
    let body = Zeroizing::new(cbor::to_vec(wire));
    let length = u32::try_from(body.len()).expect("the bounds of the parts keep an entry below 4 GiB");
    Zeroizing::new([length.to_be_bytes().as_slice(), &body].concat())
}

/// Reads the first entry.
pub(super) fn manifest(body: &[u8]) -> Result<Manifest, StoreError> {
    match &decode(body)? {
        Wire::Manifest(manifest) if manifest.program.len() <= MAX_PROGRAM_BYTES => Ok(manifest.clone()),
        Wire::Manifest(_) | Wire::Key(..) | Wire::Roster(_) | Wire::Record(..) => Err(misplaced()),
    }
}

/// Reads any further entry; every bound of the store holds for it.
pub(super) fn entry(body: &[u8]) -> Result<Entry, StoreError> {
    match &mut decode(body)? {
        Wire::Key(name, bytes)
            if secrets::is_secret_name(name)
                && !secrets::is_reserved(name)
                && bytes.len() <= MAX_SECRET_BYTES =>
        {
            let name = SecretName::new(std::mem::take(name));
            Ok(Entry::Key { name, secret: Secret::new(std::mem::take(bytes)) })
        }
        Wire::Roster(wire) => Ok(Entry::Roster(std::mem::take(wire))),
        Wire::Record(number, key, value, month)
            if key.len() <= MAX_KEY_BYTES && value.len() <= MAX_VALUE_BYTES =>
        {
            let known = Collection::ALL.into_iter().find(|known| known.number() == *number);
            let collection = known.filter(|known| is_backed_up(*known)).ok_or_else(misplaced)?;
            let scope = match month {
                None => Scope::Lasting,
                Some(number) => Scope::Month(Month::from_number(*number).ok_or_else(misplaced)?),
            };
            let (key, value) = (std::mem::take(key), std::mem::take(value));
            let record = Record { scope, key, value };
            Ok(Entry::Record { collection, record })
        }
        Wire::Manifest(_) | Wire::Key(..) | Wire::Record(..) => Err(misplaced()),
    }
}

fn decode(body: &[u8]) -> Result<Wire, StoreError> {
    cbor::from_slice(body).map_err(|_| StoreError::BackupDamaged { what: "an entry" })
}

/// Sealed under the right key and yet nothing that this program writes.
fn misplaced() -> StoreError {
    StoreError::BackupDamaged { what: "an entry that does not belong there" }
}
