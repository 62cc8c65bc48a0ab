//! A roster that was checked once: the token that lets everything else ask who may do what.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, Keyholder, KeyholderSection, VerifyingKey};
use domain::{Address, CircleId, Epoch, LegalBasisCode, NetworkId, Oin, Timestamp};

use crate::{
    Circle, Member, RosterDocument, RosterError, Rules, SignedRoster, accountability, grounds, production,
};

/// Most members, circles and legal bases in one roster; a few thousand members is the design's ceiling.
const MAX_MEMBERS: usize = 10_000;
const MAX_CIRCLES: usize = 100;
const MAX_LEGAL_BASES: usize = 500;
/// Most keyholders in one roster: with more, the parts of a disputed ceremony would no longer fit one frame.
pub const MAX_KEYHOLDERS: usize = 16;
const MAX_INSTITUTIONS: usize = 100_000;
/// Most rosters between which one decides: as many as a node keeps of those that governors signed for one version.
pub const MAX_RESOLVED: usize = 16;

/// A roster whose signatures, place in the chain and inner rules were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRoster {
    document: RosterDocument,
    digest: Digest,
    network: NetworkId,
    members: BTreeMap<Oin, usize>,
}

impl VerifiedRoster {
    /// Accepts a genesis roster; with `expected` only that of the named network.
    ///
    /// # Errors
    /// Unreadable, another network's, not version 1, contradicting itself, or signed by too few of its governors.
    pub fn genesis(signed: &SignedRoster, expected: Option<NetworkId>) -> Result<Self, RosterError> {
        let document = signed.document()?;
        let digest = signed.digest();
        let network = NetworkId::from_bytes(*digest.as_bytes());
        if document.network.as_bytes() != &[0; 32] || expected.is_some_and(|id| id != network) {
            return Err(RosterError::OtherNetwork);
        }
        if document.version != 1 || document.previous.is_some() {
            return Err(RosterError::NotTheNext { held: 0, found: document.version });
        }
        check_document(&document)?;
        signed.check_signatures(&document.governors)?;
        Ok(Self::new(document, digest, network))
    }

    /// Accepts the version right after this one.
    ///
    /// # Errors
    /// Unreadable, another network's, not the next version on this one, contradicting itself, or signed by too few
    /// of the governors in office.
    pub fn successor(&self, signed: &SignedRoster) -> Result<Self, RosterError> {
        let next = self.unsigned_successor(signed)?;
        signed.check_signatures(&self.document.governors)?;
        Ok(next)
    }

    /// The version right after this one, whoever signed it.
    pub(crate) fn unsigned_successor(&self, signed: &SignedRoster) -> Result<Self, RosterError> {
        let document = signed.document()?;
        if document.network != self.network {
            return Err(RosterError::OtherNetwork);
        }
        if document.version != self.version().saturating_add(1) || document.previous != Some(self.digest) {
            return Err(RosterError::NotTheNext { held: self.version(), found: document.version });
        }
        check_document(&document)?;
        Ok(Self::new(document, signed.digest(), self.network))
    }

    fn new(document: RosterDocument, digest: Digest, network: NetworkId) -> Self {
        let members =
            document.members.iter().enumerate().map(|(place, member)| (member.oin, place)).collect();
        Self { document, digest, network, members }
    }

    /// The network's id.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        self.network
    }

    /// The version, 1 for genesis.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.document.version
    }

    /// Digest of the document.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The document, to show it or to make the next version from it.
    #[must_use]
    pub fn document(&self) -> &RosterDocument {
        &self.document
    }

    /// Name of the network for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.document.name
    }

    /// Clocks, intervals and caps.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.document.rules
    }

    /// Members by OIN.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.document.members
    }

    /// One member.
    #[must_use]
    pub fn member(&self, oin: &Oin) -> Option<&Member> {
        self.members.get(oin).and_then(|place| self.document.members.get(*place))
    }

    /// The key that verifies a member's documents.
    #[must_use]
    pub fn organisation_key(&self, oin: &Oin) -> Option<VerifyingKey> {
        self.member(oin).map(|member| member.keys.organisation)
    }

    /// Circles by id.
    #[must_use]
    pub fn circles(&self) -> &[Circle] {
        &self.document.circles
    }

    /// One circle.
    #[must_use]
    pub fn circle(&self, id: &CircleId) -> Option<&Circle> {
        self.document.circles.iter().find(|circle| circle.id == *id)
    }

    /// Whether `publisher` publishes its feed of the circle to `reader`: the sector matrix, never to itself.
    #[must_use]
    pub fn publishes_to(&self, circle: &CircleId, publisher: &Oin, reader: &Oin) -> bool {
        let (Some(circle), Some(from), Some(to)) =
            (self.circle(circle), self.member(publisher), self.member(reader))
        else {
            return false;
        };
        publisher != reader
            && circle.open.iter().any(|pair| pair.publisher == from.sector && pair.reader == to.sector)
    }

    /// Members whose feed of the circle `reader` may read.
    pub fn publishers_for<'a>(
        &'a self,
        circle: &'a CircleId,
        reader: &'a Oin,
    ) -> impl Iterator<Item = &'a Member> {
        self.members().iter().filter(move |member| self.publishes_to(circle, &member.oin, reader))
    }

    /// Whether anybody may read the member's feed of the circle. Nobody: nothing is published.
    #[must_use]
    pub fn has_readers(&self, circle: &CircleId, publisher: &Oin) -> bool {
        self.members().iter().any(|member| self.publishes_to(circle, publisher, &member.oin))
    }

    /// Codes of all legal bases.
    #[must_use]
    pub fn legal_basis_codes(&self) -> BTreeSet<LegalBasisCode> {
        self.document.legal_bases.iter().map(|basis| basis.code.clone()).collect()
    }

    /// Addresses where unrelated people live.
    pub fn institutions(&self) -> impl Iterator<Item = Address> {
        self.document.institutions.iter().filter_map(|listed| listed.address().ok())
    }

    /// The keyholders with the keys that verify their packages.
    #[must_use]
    pub fn keyholder_section(&self) -> KeyholderSection {
        let keyholders = self
            .document
            .keyholders
            .iter()
            .filter_map(|held| {
                let key = self.organisation_key(&held.oin)?;
                Some(Keyholder { index: held.index, oin: held.oin, key })
            })
            .collect();
        KeyholderSection { network: self.network, threshold: self.document.threshold, keyholders }
    }

    /// The epoch at a moment; before the anchor it is the anchor's.
    #[must_use]
    pub fn epoch_at(&self, now: Timestamp) -> Epoch {
        let rules = &self.document.rules.epoch;
        let passed = now.since(Timestamp(rules.anchor_time)) / rules.length_seconds.max(1);
        Epoch(rules.anchor_epoch.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX)))
    }

    /// When an epoch starts. Of one before the anchor it is only known that it has started.
    #[must_use]
    pub fn start_of(&self, epoch: Epoch) -> Timestamp {
        let rules = &self.document.rules.epoch;
        let later = u64::from(epoch.0.saturating_sub(rules.anchor_epoch));
        Timestamp(rules.anchor_time).plus(later.saturating_mul(rules.length_seconds))
    }

    /// Until when an epoch is matched on: its grace after the next one started.
    #[must_use]
    pub fn expiry_of(&self, epoch: Epoch) -> Timestamp {
        let next = Epoch(epoch.0.saturating_add(1));
        self.start_of(next).plus(self.document.rules.epoch.grace_seconds)
    }

    /// From when an epoch is prepared.
    #[must_use]
    pub fn preparation_of(&self, epoch: Epoch) -> Timestamp {
        Timestamp(self.start_of(epoch).0.saturating_sub(self.document.rules.epoch.preparation_seconds))
    }
}

/// The rules that a roster must keep whoever signs it.
pub(crate) fn check_document(document: &RosterDocument) -> Result<(), RosterError> {
    let wrong = |what| Err(RosterError::Inconsistent(what));
    if document.members.len() > MAX_MEMBERS
        || document.circles.len() > MAX_CIRCLES
        || document.legal_bases.len() > MAX_LEGAL_BASES
        || document.keyholders.len() > MAX_KEYHOLDERS
        || document.institutions.len() > MAX_INSTITUTIONS
    {
        return wrong("it is larger than any network may be");
    }
    if !ascending(document.members.iter().map(|member| member.oin)) {
        return wrong("members are not listed once each by OIN");
    }
    if !ascending(document.circles.iter().map(|circle| circle.id)) {
        return wrong("circles are not listed once each by id");
    }
    if !ascending(document.legal_bases.iter().map(|basis| basis.code.clone())) {
        return wrong("legal bases are not listed once each by code");
    }
    if !ascending(document.keyholders.iter().map(|keyholder| keyholder.index))
        || document.keyholders.iter().any(|keyholder| keyholder.index == 0)
    {
        return wrong("keyholders are not listed once each by an index of 1 or more");
    }
    let member_oins: BTreeSet<Oin> = document.members.iter().map(|member| member.oin).collect();
    let holders: BTreeSet<Oin> = document.keyholders.iter().map(|keyholder| keyholder.oin).collect();
    if !holders.is_subset(&member_oins) || holders.len() != document.keyholders.len() {
        return wrong("a keyholder is no member or is listed twice");
    }
    let distinct = |key: fn(&Member) -> VerifyingKey| {
        document.members.iter().map(key).collect::<BTreeSet<_>>().len() == document.members.len()
    };
    if !distinct(|member| member.keys.node) || !distinct(|member| member.keys.organisation) {
        return wrong("two members share a key");
    }
    if document.members.iter().any(|member| member.relay && member.socket_addresses().is_empty()) {
        return wrong("a member relays for others and has no address at which they reach it");
    }
    if document.threshold < 2 {
        return wrong("one keyholder alone would hold the whole key; the threshold is at least two");
    }
    if document.rules.heartbeat_seconds <= document.rules.publish_interval_seconds {
        return wrong("every member would count as silent between two segments; lengthen the heartbeat");
    }
    if !more_than_half(document.threshold, document.keyholders.len()) {
        return wrong("the keyholders' threshold is not more than half and at most all of them");
    }
    if !ascending(document.governors.keys.iter().copied())
        || !more_than_half(document.governors.threshold, document.governors.keys.len())
    {
        return wrong("the governors' threshold is not more than half and at most all of them");
    }
    if !ascending(document.institutions.iter())
        || document.institutions.iter().any(|one| one.address().is_err())
    {
        return wrong("an institution has no valid address or is listed twice");
    }
    let epoch = &document.rules.epoch;
    if epoch.length_seconds == 0 || document.rules.publish_interval_seconds == 0 {
        return wrong("an interval of zero seconds");
    }
    if epoch.grace_seconds > epoch.length_seconds || epoch.preparation_seconds > epoch.length_seconds {
        return wrong("the grace or the preparation of an epoch is longer than an epoch");
    }
    if document.rules.live_tags == 0 || document.rules.segments_per_snapshot == 0 {
        return wrong("no tag may be live, or no segment lies between two full sets");
    }
    if !ascending(document.resolves.iter())
        || document.resolves.len() > MAX_RESOLVED
        || document.resolves.len() == 1
        || (document.version == 1 && !document.resolves.is_empty())
    {
        return wrong("it decides between rosters that it does not name, at least two and once each");
    }
    if document.retired_index != 0 && document.highest_index() != document.retired_index {
        return wrong("it says that an index was a keyholder's before, and a keyholder has a higher one");
    }
    let codes: BTreeSet<&LegalBasisCode> = document.legal_bases.iter().map(|basis| &basis.code).collect();
    if document.circles.iter().flat_map(|circle| &circle.legal_bases).any(|held| !codes.contains(&held.0)) {
        return wrong("a circle names a legal basis that is not listed");
    }
    grounds::check(document)?;
    accountability::check(document)?;
    production::check(document)
}

fn ascending<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    items.is_sorted_by(|a, b| a < b)
}

fn more_than_half(threshold: u16, of: usize) -> bool {
    let threshold = usize::from(threshold);
    threshold * 2 > of && threshold <= of
}
