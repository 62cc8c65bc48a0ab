//! How a record lies in the engine: a blind index, a sealed body, in chunks.
//!
//! Engine key = collection number ‖ scope ‖ blind index ‖ chunk number. The scope is 0 for what lasts, 1 ‖ epoch (4,
//! big-endian) for what is forgotten with an epoch, 2 ‖ month (4, big-endian, since the year 0) for what is forgotten with
//! a month; further sorts of scopes take the next numbers. The blind index is
//! the first 16 bytes of HMAC-SHA256(index key of the collection, record key): a reader of the disk learns no key and
//! cannot test a guess. The body is nonce ‖ XChaCha20-Poly1305(length of the key (2, big-endian) ‖ key ‖ value) ‖ tag,
//! and its additional data is [`FORMAT`] ‖ 0 ‖ collection number ‖ scope ‖ blind index. The blind index stands for the
//! record key there, because whoever lists a collection does not know the keys yet; the key inside is compared with it
//! after opening. Index key and sealing key hang from the data key of the folder, or from that of the epoch or month.
//!
//! Bodies are cut into chunks of [`CHUNK_BYTES`]: the engine moves a page beyond 128 KiB to a file of its own that it
//! never syncs, and a page holds up to 17 entries. Chunk 0 begins with [`LAYOUT`] and the number of chunks.

use std::fmt;

use domain::{Epoch, Month};
use hmac::{Hmac, Mac};
use protocol::{Collection, Scope};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    MAX_KEY_BYTES, StoreError,
    engine::{Changes, Engine},
    seal::Key,
};

/// Domain of everything sealed in a record.
const FORMAT: &[u8] = b"samenhang/store/1 record";
/// Version of the layout of chunk 0.
const LAYOUT: u8 = 1;
/// 17 entries of this length and their keys stay well below 128 KiB.
const CHUNK_BYTES: usize = 6 * 1024;
const INDEX_BYTES: usize = 16;
/// Sorts of scopes, as numbers on disk.
const LASTING: u8 = 0;
const EPOCH: u8 = 1;
const MONTH: u8 = 2;

/// Collection number, scope and blind index.
type Base = Vec<u8>;

/// A scope as it stands in engine keys. None is the beginning of another.
pub(crate) fn scope_bytes(scope: Scope) -> Vec<u8> {
    match scope {
        Scope::Lasting => vec![LASTING],
        Scope::Epoch(epoch) => [&[EPOCH], epoch.0.to_be_bytes().as_slice()].concat(),
        Scope::Month(month) => [&[MONTH], month.number().to_be_bytes().as_slice()].concat(),
    }
}

/// Reads a scope and what follows it.
pub(crate) fn split_scope(bytes: &[u8]) -> Option<(Scope, &[u8])> {
    match bytes.split_first()? {
        (&LASTING, rest) => Some((Scope::Lasting, rest)),
        (&EPOCH, rest) => {
            let (epoch, rest) = rest.split_first_chunk()?;
            Some((Scope::Epoch(Epoch(u32::from_be_bytes(*epoch))), rest))
        }
        (&MONTH, rest) => {
            let (month, rest) = rest.split_first_chunk()?;
            Some((Scope::Month(Month::from_number(u32::from_be_bytes(*month))?), rest))
        }
        _ => None,
    }
}

/// What the engine keys of a collection in a scope begin with.
pub(crate) fn prefix(collection: Collection, scope: Scope) -> Vec<u8> {
    [&[collection.number()], scope_bytes(scope).as_slice()].concat()
}

/// The scope in the engine key of a record of `collection`.
pub(crate) fn scope_of(collection: Collection, key: &[u8]) -> Result<Scope, StoreError> {
    let scope = key.strip_prefix(&[collection.number()]).and_then(split_scope);
    scope.map(|(scope, _)| scope).ok_or_else(|| StoreError::corrupt_collection(collection))
}

/// A record, opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// How long it may be readable.
    pub scope: Scope,
    /// Key within the collection.
    pub key: Vec<u8>,
    /// What was put under it.
    pub value: Vec<u8>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.value.len())
    }
}

/// The keys of one collection in one scope, and how its records are written and read.
#[derive(Clone)]
pub(crate) struct Drawer {
    scope: Scope,
    collection: Collection,
    sealing: Key,
    index: Hmac<Sha256>,
}

impl Drawer {
    /// `data_key` is that of the scope.
    pub(crate) fn new(scope: Scope, collection: Collection, data_key: &Key) -> Self {
        let number = [collection.number()];
        let sealing = data_key.derive(b"samenhang/store/1 record sealing", &number);
        let index = data_key.derive(b"samenhang/store/1 record index", &number).mac();
        Self { scope, collection, sealing, index }
    }

    /// Puts a record, with no chunk left of the one it replaces.
    pub(crate) fn put(
        &self,
        engine: &Engine,
        changes: &mut Changes,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        let base = self.base(key);
        let key_len = u16::try_from(key.len()).expect("MAX_KEY_BYTES fits two bytes").to_be_bytes();
        let body = self.sealing.seal(&about(&base), &[&key_len, key, value])?;
        let chunks = body.chunks(CHUNK_BYTES).len();
        let count = u8::try_from(chunks).expect("MAX_VALUE_BYTES makes a dozen chunks");
        let before = self.chunk_count(engine, &base)?.unwrap_or(0);
        for (number, piece) in (0..count).zip(body.chunks(CHUNK_BYTES)) {
            let head: &[u8] = if number == 0 { &[LAYOUT, count] } else { &[] };
            changes.put(chunk_key(&base, number), [head, piece].concat());
        }
        for number in count..before {
            changes.remove(chunk_key(&base, number));
        }
        Ok(())
    }

    /// Removes a record if it is there.
    pub(crate) fn delete(
        &self,
        engine: &Engine,
        changes: &mut Changes,
        key: &[u8],
    ) -> Result<(), StoreError> {
        let base = self.base(key);
        for number in 0..self.chunk_count(engine, &base)?.unwrap_or(0) {
            changes.remove(chunk_key(&base, number));
        }
        Ok(())
    }

    /// The value under `key`.
    pub(crate) fn value(&self, engine: &Engine, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let base = self.base(key);
        let Some(first) = engine.value(&chunk_key(&base, 0))? else {
            return Ok(None);
        };
        let (count, piece) = self.head(&first)?;
        let mut body = piece.to_vec();
        for number in 1..count {
            let piece = engine.value(&chunk_key(&base, number))?.ok_or_else(|| self.corrupt())?;
            body.extend_from_slice(&piece);
        }
        let record = self.open(&base, body)?;
        if record.key != key {
            return Err(self.corrupt());
        }
        Ok(Some(record.value))
    }

    /// The next record of `entries`, the engine's entries of this drawer in order.
    pub(crate) fn next(
        &self,
        entries: &mut impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>>,
    ) -> Option<Result<Record, StoreError>> {
        let first = entries.next()?;
        Some(first.and_then(|(key, first)| self.read(&key, &first, entries)))
    }

    /// The record that begins with the entry `key`, `first` and goes on in `entries`.
    pub(crate) fn read(
        &self,
        key: &[u8],
        first: &[u8],
        entries: &mut impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>>,
    ) -> Result<Record, StoreError> {
        let base = self.chunk_of(key, 0)?;
        let (count, piece) = self.head(first)?;
        let mut body = piece.to_vec();
        for number in 1..count {
            let (key, piece) = entries.next().ok_or_else(|| self.corrupt())??;
            if self.chunk_of(&key, number)? != base {
                return Err(self.corrupt());
            }
            body.extend_from_slice(&piece);
        }
        self.open(base, body)
    }

    /// An engine key behind every chunk of a record and before the next record.
    pub(crate) fn behind(&self, key: &[u8]) -> Vec<u8> {
        chunk_key(&self.base(key), u8::MAX)
    }

    /// Whether an engine key is that of the first chunk of a record.
    pub(crate) fn is_first_chunk(key: &[u8]) -> bool {
        key.last() == Some(&0)
    }

    fn base(&self, key: &[u8]) -> Base {
        let tag = self.index.clone().chain_update(key).finalize().into_bytes();
        let mut base = prefix(self.collection, self.scope);
        base.extend(tag.into_iter().take(INDEX_BYTES));
        base
    }

    /// Number of chunks and first piece, out of chunk 0.
    fn head<'a>(&self, first: &'a [u8]) -> Result<(u8, &'a [u8]), StoreError> {
        match first {
            [LAYOUT, count, piece @ ..] if *count > 0 => Ok((*count, piece)),
            _ => Err(self.corrupt()),
        }
    }

    fn chunk_count(&self, engine: &Engine, base: &[u8]) -> Result<Option<u8>, StoreError> {
        let Some(first) = engine.value(&chunk_key(base, 0))? else {
            return Ok(None);
        };
        self.head(&first).map(|(count, _)| Some(count))
    }

    /// The base of an engine key, which must be that of chunk `number`.
    fn chunk_of<'a>(&self, key: &'a [u8], number: u8) -> Result<&'a [u8], StoreError> {
        match key.split_last() {
            Some((&found, base)) if found == number => Ok(base),
            Some(_) | None => Err(self.corrupt()),
        }
    }

    fn open(&self, base: &[u8], body: Vec<u8>) -> Result<Record, StoreError> {
        let text: Zeroizing<Vec<u8>> = self.sealing.open(&about(base), body).ok_or_else(|| self.corrupt())?;
        let (&key_len, rest) = text.split_first_chunk::<2>().ok_or_else(|| self.corrupt())?;
        let key_len = usize::from(u16::from_be_bytes(key_len));
        let (key, value) = rest.split_at_checked(key_len).ok_or_else(|| self.corrupt())?;
        if key_len > MAX_KEY_BYTES || self.base(key) != base {
            return Err(self.corrupt());
        }
        Ok(Record { scope: self.scope, key: key.to_vec(), value: value.to_vec() })
    }

    /// A record of this drawer whose sealed text is `text`, whatever that says, read as it would be from disk.
    pub(crate) fn read_text(&self, text: &[u8]) -> Result<Record, StoreError> {
        let key = text
            .split_first_chunk::<2>()
            .and_then(|(&length, rest)| rest.get(..usize::from(u16::from_be_bytes(length))));
        let base = self.base(key.unwrap_or_default());
        let body = self.sealing.seal(&about(&base), &[text])?;
        let (first, rest) = body.split_at(body.len().min(CHUNK_BYTES));
        let count = u8::try_from(body.chunks(CHUNK_BYTES).len()).map_err(|_| self.corrupt())?;
        let more = (1..).zip(rest.chunks(CHUNK_BYTES));
        let mut more = more.map(|(number, piece)| Ok((chunk_key(&base, number), piece.to_vec())));
        self.read(&chunk_key(&base, 0), &[&[LAYOUT, count], first].concat(), &mut more)
    }

    fn corrupt(&self) -> StoreError {
        StoreError::corrupt_collection(self.collection)
    }
}

fn about(base: &[u8]) -> Vec<u8> {
    [FORMAT, &[0], base].concat()
}

fn chunk_key(base: &[u8], number: u8) -> Vec<u8> {
    [base, &[number]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::fixed_key;

    /// `BLESS=1 cargo test -p store` writes the file again; a difference means that old folders become unreadable.
    #[test]
    fn the_format_on_disk_is_the_golden_one() {
        let mut now = format!(
            "format      {}\nlayout      {LAYOUT}\nchunk bytes {CHUNK_BYTES}\n",
            String::from_utf8_lossy(FORMAT)
        );
        let month = "2031-12".parse().unwrap();
        for scope in [Scope::Lasting, Scope::Epoch(Epoch(0x0102_0304)), Scope::Month(month)] {
            let drawer = Drawer::new(scope, Collection::Header, &fixed_key(7));
            let base = drawer.base(b"record key");
            now += &format!(
                "\n{scope:?}\nsealing key {}\nengine key  {}\naad         {}\n",
                hex::encode(drawer.sealing.reveal()),
                hex::encode(chunk_key(&base, 5)),
                hex::encode(about(&base)),
            );
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/record.txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        assert_eq!(now, std::fs::read_to_string(path).unwrap());
    }

    #[test]
    fn collections_share_neither_index_nor_sealing() {
        let drawer = |collection| Drawer::new(Scope::Lasting, collection, &fixed_key(7));
        let (one, other) = (drawer(Collection::Header), drawer(Collection::Body));
        assert_ne!(one.base(b"key")[1..], other.base(b"key")[1..]);
        assert_ne!(one.sealing.reveal(), other.sealing.reveal());
    }

    #[test]
    fn a_scope_is_read_as_it_was_written_and_no_other_sort_is_taken_for_one() {
        let month = Scope::Month("9999-12".parse().unwrap());
        for scope in [Scope::Lasting, Scope::Epoch(Epoch(0)), Scope::Epoch(Epoch(u32::MAX)), month] {
            let bytes = [scope_bytes(scope), vec![7, 8]].concat();
            assert_eq!(split_scope(&bytes), Some((scope, &[7, 8][..])));
        }
        for other in [&[][..], &[EPOCH, 0, 0, 0], &[MONTH, 0, 0, 0], &[MONTH, 255, 0, 0, 0], &[3, 0, 0, 0, 1]]
        {
            assert_eq!(split_scope(other), None);
        }
    }
}
