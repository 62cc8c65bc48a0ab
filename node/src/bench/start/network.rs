//! The network of the bench: one circle in which the own organisation and all publishers read each other.

use anyhow::{Context as _, Result};
use crypto::{Seed, SigningKey};
use domain::{Epoch, KeyClass, LegalBasisCode, NetworkId, Oin, Sector, Timestamp};
use protocol::{Collection, Scope, Step};
use roster::{
    Accountability, Circle, EpochRules, Governors, KeyholderRecord, LegalBasis, LegalBasisText, Member,
    MemberKeys, OpenPair, RosterChain, RosterContent, Rules, SignedRoster, genesis,
};

use crate::bench::matching::CIRCLE;
use crate::bench::oprf::{KEYHOLDERS, THRESHOLD, ceremony, signed_key_set};
use crate::runtime::NodeSecrets;

/// The epoch that the feeds are of.
pub(super) const EPOCH: Epoch = Epoch(1);

/// Seconds between two segments of a feed.
pub(super) const INTERVAL_SECONDS: u32 = 900;

/// A year: no other epoch is near.
const EPOCH_SECONDS: u64 = 365 * 86_400;

/// The legal basis of every signal.
const BASIS: &str = "jeugdwet-7-1-4-1";

/// The sector of everybody.
const SECTOR: &str = "jeugd";

/// The own organisation.
pub(super) fn own() -> Result<Oin> {
    Ok(Oin::test_number(1)?)
}

/// The organisation with this number, which publishes.
pub(super) fn publisher(number: usize) -> Result<Oin> {
    Ok(Oin::test_number(2 + number as u64)?)
}

/// The key with which it signs.
pub(super) fn key(number: usize) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([0x51; 32]).derive("bench publisher", number as u64))
}

pub(super) fn basis() -> Result<LegalBasisCode> {
    Ok(BASIS.parse()?)
}

/// Founds it: the own organisation and so many others, the first of which hold the keys.
pub(super) fn found(
    organisations: usize,
    secrets: &NodeSecrets,
    now: Timestamp,
) -> Result<(SignedRoster, NetworkId)> {
    let sector: Sector = SECTOR.parse()?;
    let member = |oin, keys| Member {
        oin,
        name: format!("organisation {oin}"),
        sector: sector.clone(),
        working_area: "bench".to_owned(),
        bsn_entitled: true,
        keys,
        addresses: Vec::new(),
        contact_point: "bench, 085-0000000".to_owned(),
        relay: false,
    };
    let mut members = vec![member(own()?, secrets.member_keys())];
    for number in 0..organisations {
        let node = Seed::from_bytes([0x52; 32]).derive("bench node", number as u64);
        let keys = MemberKeys::new(key(number).verifying_key(), SigningKey::from_seed(&node).verifying_key());
        members.push(member(publisher(number)?, keys));
    }
    let keyholder = |index: u16| -> Result<KeyholderRecord> {
        Ok(KeyholderRecord { index, oin: publisher(usize::from(index) - 1)? })
    };
    let governor = SigningKey::from_seed(&Seed::from_bytes([0x53; 32]));
    let content = RosterContent {
        name: "bench".to_owned(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules::starting(now.0.saturating_sub(EPOCH_SECONDS / 2), EPOCH_SECONDS),
            publish_interval_seconds: INTERVAL_SECONDS,
            heartbeat_seconds: 4 * INTERVAL_SECONDS,
            ceremony_deadline_seconds: 3_600,
            live_tags: Rules::LIVE_TAGS,
            // Everything that was published is held: the number of segments is an option of its own.
            segments_per_snapshot: u32::MAX,
            notice_seconds: 0,
        },
        circles: vec![Circle {
            id: CIRCLE,
            name: "bench".to_owned(),
            purpose: "bench".to_owned(),
            legal_bases: vec![LegalBasisText(basis()?)],
            open: vec![OpenPair::new(sector.clone(), sector.clone())],
            trial: false,
        }],
        legal_bases: vec![LegalBasis {
            code: basis()?,
            article: "bench".to_owned(),
            avg6: "6.1.e".to_owned(),
            avg9: None,
            secrecy: None,
            consent_required: false,
            valid_until: None,
        }],
        threshold: THRESHOLD,
        keyholders: (1..=KEYHOLDERS).map(keyholder).collect::<Result<_>>()?,
        members,
        governors: Governors { threshold: 1, keys: vec![governor.verifying_key()] },
        institutions: Vec::new(),
        accountability: Accountability::default(),
    };
    let (signed, roster) = genesis(content, &[&governor]).context("the bench founded no valid network")?;
    Ok((signed, roster.network()))
}

/// Both key sets of the epoch, each from a ceremony, as records; and their digests, ascending.
pub(super) fn key_sets(chain: &RosterChain) -> Result<(Step, Vec<crypto::Digest>)> {
    let section = chain.newest().keyholder_section();
    let (mut step, mut digests) = (Step::default(), Vec::new());
    for (class, serial) in KeyClass::ALL.into_iter().zip(0..) {
        let outcomes = ceremony(&Seed::from_bytes([0x54; 32]).derive("bench key", serial))?;
        let signing_key = |index: u16| key(usize::from(index) - 1);
        let signed = signed_key_set(&outcomes, &section, (EPOCH, class), signing_key)?;
        let record = format!("{EPOCH}/{class}").into_bytes();
        step.put_in(Scope::Epoch(EPOCH), Collection::KeySet, record, signed.to_wire());
        digests.push(signed.verify(&section)?.digest());
    }
    digests.sort();
    Ok((step, digests))
}
