//! Pseudonyms without keyholders: what a network of a thousand organisations would need hours of curve arithmetic for.
//!
//! Every linkage key has the same pseudonym for everybody, as with keyholders; it is a hash, so whoever knows the key
//! can compute it. For tests of everything but the oblivious evaluation.

use crypto::{PseudonymKey, digest};
use domain::{CalendarDate, Epoch, Family, FamilyRef, Signal};
use linkage::{DeriveOptions, FamilyKeys, HouseholdSuppression, LinkageKey, derive};
use protocol::evaluated_record;

use crate::MemoryDisk;

/// The pseudonym of a linkage key in an epoch.
#[must_use]
pub fn oracle(epoch: Epoch, key: &LinkageKey) -> PseudonymKey {
    let parts: [&[u8]; 3] = [&epoch.0.to_be_bytes(), key.kind().dutch().as_bytes(), key.value()];
    PseudonymKey::from_bytes(*digest("samenhang test oracle", &parts).as_bytes())
}

/// Puts the pseudonyms of these signals on the disk of an organisation entitled to the BSN, as if keyholders had
/// evaluated them; its node finds them when it starts.
pub fn fill_evaluated(disk: &mut MemoryDisk, epoch: Epoch, signals: &[Signal], today: CalendarDate) {
    let families = signals.iter().map(|signal| &signal.family);
    let suppressed_households = &HouseholdSuppression::from_families(families);
    let options = DeriveOptions { bsn_entitled: true, today, suppressed_households };
    let keys = |family: &Family| -> FamilyKeys { derive(family, &options) };
    for Signal { family_ref, family, .. } in signals {
        fill_family(disk, epoch, family_ref, &keys(family));
    }
}

fn fill_family(disk: &mut MemoryDisk, epoch: Epoch, family: &FamilyRef, keys: &FamilyKeys) {
    let pseudonyms: Vec<(&LinkageKey, PseudonymKey)> =
        keys.keys().map(|key| (key, oracle(epoch, key))).collect();
    let pairs = pseudonyms.iter().map(|(key, pseudonym)| (*key, pseudonym));
    let (scope, collection, key, value) = evaluated_record(epoch, family, pairs, Vec::new());
    disk.put_in(scope, collection, key, value);
}
