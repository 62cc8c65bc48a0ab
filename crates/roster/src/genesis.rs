//! Founding a network: the first roster.

use crypto::{Digest, SigningKey, TypeName};
use domain::NetworkId;

use crate::{
    Accountability, Circle, Governors, Institution, KeyholderRecord, LegalBasis, Member, RosterDocument,
    RosterError, Rules, SignedRoster, VerifiedRoster,
};

/// Everything governors decide; the place in the chain is added when a version is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterContent {
    /// Name of the network for people.
    pub name: String,
    /// Production minimums do not bind; synthetic families only.
    pub test_network: bool,
    /// Clocks, intervals and caps.
    pub rules: Rules,
    /// Circles.
    pub circles: Vec<Circle>,
    /// Legal bases.
    pub legal_bases: Vec<LegalBasis>,
    /// Keyholders needed for one evaluation.
    pub threshold: u16,
    /// Keyholders.
    pub keyholders: Vec<KeyholderRecord>,
    /// Members.
    pub members: Vec<Member>,
    /// Who signs the next version.
    pub governors: Governors,
    /// Addresses where unrelated people live.
    pub institutions: Vec<Institution>,
    /// Witnesses, quotas and what governors granted.
    pub accountability: Accountability,
}

impl RosterContent {
    /// The document at one place in the chain. Lists are put into their canonical order.
    pub(crate) fn at(mut self, place: Place) -> RosterDocument {
        let Place { network, version, previous, mut resolves, highest_index } = place;
        resolves.sort_unstable();
        resolves.dedup();
        let listed = self.keyholders.iter().map(|held| held.index).max().unwrap_or_default();
        self.circles.sort_by_key(|circle| circle.id);
        for circle in &mut self.circles {
            circle.legal_bases.sort();
            circle.legal_bases.dedup();
            for pair in &mut circle.open {
                pair.legal_bases.sort();
                pair.legal_bases.dedup();
            }
            circle.open.sort();
            circle.open.dedup();
        }
        self.legal_bases.sort_by(|a, b| a.code.cmp(&b.code));
        self.keyholders.sort_by_key(|keyholder| keyholder.index);
        self.members.sort_by_key(|member| member.oin);
        self.governors.keys.sort();
        self.institutions.sort();
        self.institutions.dedup();
        self.accountability.sort();
        RosterDocument {
            kind: TypeName::new(),
            network,
            version,
            previous,
            name: self.name,
            test_network: self.test_network,
            rules: self.rules,
            circles: self.circles,
            legal_bases: self.legal_bases,
            threshold: self.threshold,
            keyholders: self.keyholders,
            members: self.members,
            governors: self.governors,
            institutions: self.institutions,
            accountability: self.accountability,
            resolves,
            retired_index: if highest_index > listed { highest_index } else { 0 },
        }
    }
}

/// Where in the chain a document stands.
pub(crate) struct Place {
    pub(crate) network: NetworkId,
    pub(crate) version: u32,
    pub(crate) previous: Option<Digest>,
    pub(crate) resolves: Vec<Digest>,
    /// The highest index that a keyholder had before.
    pub(crate) highest_index: u16,
}

impl Place {
    /// The first.
    pub(crate) const GENESIS: Self = Self {
        network: NetworkId::from_bytes([0; 32]),
        version: 1,
        previous: None,
        resolves: Vec::new(),
        highest_index: 0,
    };

    /// The one after a version.
    pub(crate) fn after(
        document: &RosterDocument,
        (network, digest): (NetworkId, Digest),
        resolves: &[Digest],
    ) -> Self {
        Self {
            network,
            version: document.version.saturating_add(1),
            previous: Some(digest),
            resolves: resolves.to_vec(),
            highest_index: document.highest_index(),
        }
    }
}

impl From<RosterDocument> for RosterContent {
    /// What the governors decided, without its place in the chain: to change it and make the next version.
    fn from(document: RosterDocument) -> Self {
        Self {
            name: document.name,
            test_network: document.test_network,
            rules: document.rules,
            circles: document.circles,
            legal_bases: document.legal_bases,
            threshold: document.threshold,
            keyholders: document.keyholders,
            members: document.members,
            governors: document.governors,
            institutions: document.institutions,
            accountability: document.accountability,
        }
    }
}

/// Makes and verifies the genesis roster, signed by the given governors.
///
/// # Errors
/// When the content contradicts itself or too few of its own governors sign.
pub fn genesis(
    content: RosterContent,
    governors: &[&SigningKey],
) -> Result<(SignedRoster, VerifiedRoster), RosterError> {
    let document = content.at(Place::GENESIS);
    let signed = SignedRoster::sign(&document, governors);
    let verified = VerifiedRoster::genesis(&signed, None)?;
    Ok((signed, verified))
}
