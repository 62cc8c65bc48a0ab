//! Records of evaluated keys and of matches. Linkage keys are named by digest: their values are personal details
//! and stand in the signal already.

use crypto::{Digest, PseudonymKey, cbor, digest};
use domain::{Epoch, FamilyRef, Invalid, Unit};
use index::FeedId;
use linkage::LinkageKey;
use minicbor::{Decode, Encode};

use crate::{Collection, Scope};

/// The pseudonym keys of one family in one epoch.
#[derive(Encode, Decode)]
pub(crate) struct FamilyKeysRecord {
    #[n(0)]
    pub(crate) family: String,
    #[cbor(n(1), with = "crypto::cbor::epoch")]
    pub(crate) epoch: Epoch,
    #[n(2)]
    pub(crate) keys: Vec<KeyRecord>,
    /// The key sets that they were made under. Under another one they are worth nothing.
    #[n(3)]
    pub(crate) key_sets: Vec<Digest>,
}

/// One linkage key's pseudonym.
#[derive(Encode, Decode)]
pub(crate) struct KeyRecord {
    #[n(0)]
    pub(crate) key: Digest,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) pseudonym: [u8; 32],
}

/// The record of a family's pseudonym keys in an epoch: scope, collection, key and value. A node that finds it takes the
/// pseudonyms for evaluated, as long as it holds the key sets.
#[must_use]
pub fn evaluated_record<'a>(
    epoch: Epoch,
    family: &FamilyRef,
    pseudonyms: impl IntoIterator<Item = (&'a LinkageKey, &'a PseudonymKey)>,
    key_sets: Vec<Digest>,
) -> (Scope, Collection, Vec<u8>, Vec<u8>) {
    let record = |(key, pseudonym): (&LinkageKey, &PseudonymKey)| KeyRecord {
        key: key_digest(key),
        pseudonym: *pseudonym.reveal(),
    };
    let keys = pseudonyms.into_iter().map(record).collect();
    let value = cbor::to_vec(&FamilyKeysRecord { family: family.as_str().to_owned(), epoch, keys, key_sets });
    (Scope::Epoch(epoch), Collection::FamilyKeys, keys_key(epoch, family), value)
}

/// Key of the record of a family's pseudonym keys.
pub(crate) fn keys_key(epoch: Epoch, family: &FamilyRef) -> Vec<u8> {
    [&epoch.0.to_be_bytes(), family.as_str().as_bytes()].concat()
}

/// The keys of one family that agree with one feed.
#[derive(Encode, Decode)]
pub(crate) struct MatchKeysRecord {
    #[n(0)]
    pub(crate) family: String,
    #[n(1)]
    pub(crate) feed: FeedId,
    #[n(2)]
    pub(crate) agreeing: Vec<Digest>,
    /// Since when the organisation is involved (UTC seconds); absent while too little agrees for that.
    #[n(3)]
    pub(crate) since: Option<u64>,
}

/// Names a linkage key in records.
pub(crate) fn key_digest(key: &LinkageKey) -> Digest {
    digest("samenhang own key v1", &[key.kind().dutch().as_bytes(), key.value()])
}

/// Key of a match record.
pub(crate) fn match_key(family: &FamilyRef, feed: &FeedId) -> Vec<u8> {
    let place = [feed.publisher.as_bytes().as_slice(), feed.circle.as_bytes(), &feed.epoch.0.to_be_bytes()];
    [place.concat().as_slice(), family.as_str().as_bytes()].concat()
}

/// That it was told that a unit of the own organisation is involved with a family.
#[derive(Encode, Decode)]
pub(crate) struct UnitMatchRecord {
    #[n(0)]
    family: String,
    #[n(1)]
    unit: Option<String>,
}

impl UnitMatchRecord {
    /// The record; `None` stands for signals without a unit.
    pub(crate) fn new(family: &FamilyRef, unit: Option<&Unit>) -> Self {
        Self { family: family.as_str().to_owned(), unit: unit.map(|unit| unit.as_str().to_owned()) }
    }

    /// The family and the unit.
    pub(crate) fn parts(&self) -> Result<(FamilyRef, Option<Unit>), Invalid> {
        let unit = self.unit.as_deref().map(|unit| Unit::new("afdeling", unit)).transpose()?;
        Ok((FamilyRef::new(&self.family)?, unit))
    }
}

/// Key of the record of a unit told. No text holds the byte between the two.
pub(crate) fn unit_match_key(family: &FamilyRef, unit: Option<&Unit>) -> Vec<u8> {
    [family.as_str(), unit.map_or("", Unit::as_str)].join("\0").into_bytes()
}

#[cfg(test)]
mod tests {
    use domain::{CalendarDate, Family, Person, Role};
    use linkage::{DeriveOptions, HouseholdSuppression, derive};

    use super::*;

    #[test]
    fn records_name_keys_as_they_always_did() {
        let mut person = Person::new(Role::Parent);
        person.bsn = Some("111222333".parse().unwrap());
        let suppressed = HouseholdSuppression::default();
        let today: CalendarDate = "2026-11-21".parse().unwrap();
        let options = DeriveOptions { bsn_entitled: true, today, suppressed_households: &suppressed };
        let keys = derive(&Family::new(vec![person], None).unwrap(), &options);
        let digests: Vec<String> = keys.keys().map(|key| key_digest(key).to_string()).collect();
        assert_eq!(digests, ["e70b5747ca764eb073b74a45de78b690a4e36a7f0f570779e947a540976fd777"]);
    }
}
