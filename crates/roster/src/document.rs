//! The roster document: what governors sign.

use std::net::SocketAddr;

use crypto::{Digest, Document, SealingPublicKey, TypeName, VerifyingKey};
use domain::{Address, CircleId, HouseNumber, Invalid, LegalBasisCode, NetworkId, Oin, PersonalText, Sector};
use minicbor::{Decode, Encode};

use crate::Accountability;

/// The whole document as signed, in the order of its fields.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RosterDocument {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network; all zeros in the genesis version, whose digest becomes the id.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// 1 for genesis, then one more each time.
    #[n(2)]
    pub version: u32,
    /// Digest of the version before; absent in genesis.
    #[n(3)]
    pub previous: Option<Digest>,
    /// Name of the network for people.
    #[n(4)]
    pub name: String,
    /// Production minimums do not bind; synthetic families only.
    #[n(5)]
    pub test_network: bool,
    /// Clocks, intervals and caps.
    #[n(6)]
    pub rules: Rules,
    /// Circles, by id.
    #[n(7)]
    pub circles: Vec<Circle>,
    /// Legal bases, by code.
    #[n(8)]
    pub legal_bases: Vec<LegalBasis>,
    /// Keyholders needed for one evaluation.
    #[n(9)]
    pub threshold: u16,
    /// Keyholders, by index.
    #[n(10)]
    pub keyholders: Vec<KeyholderRecord>,
    /// Members, by OIN.
    #[n(11)]
    pub members: Vec<Member>,
    /// Who may sign the next version.
    #[n(12)]
    pub governors: Governors,
    /// Addresses where unrelated people live, ascending: they yield no household key.
    #[n(13)]
    pub institutions: Vec<Institution>,
    /// Witnesses, quotas and what governors granted.
    #[cbor(n(14), with = "crate::sparse", has_nil)]
    pub accountability: Accountability,
    /// Digests, ascending, of the rosters between which this one decides: enough governors signed two of one version.
    #[cbor(n(15), with = "crate::sparse", has_nil)]
    pub resolves: Vec<Digest>,
    /// The highest index that a keyholder ever had, where no keyholder has it now: so that nobody is given it again.
    #[cbor(n(16), with = "crate::sparse", has_nil)]
    pub retired_index: u16,
}

impl RosterDocument {
    /// The highest index that a keyholder has, or had as far as this version says.
    #[must_use]
    pub fn highest_index(&self) -> u16 {
        let listed = self.keyholders.iter().map(|held| held.index).max();
        listed.unwrap_or_default().max(self.retired_index)
    }
}

impl Document for RosterDocument {
    const LABEL: &'static str = "samenhang roster v1";
}

/// Clocks, intervals and caps of the network.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Rules {
    /// How time is cut into epochs.
    #[n(0)]
    pub epoch: EpochRules,
    /// Seconds between two segments of a feed.
    #[n(1)]
    pub publish_interval_seconds: u32,
    /// Seconds after which a silent member counts as stale.
    #[n(2)]
    pub heartbeat_seconds: u32,
    /// Seconds in which a key ceremony must be complete.
    #[n(3)]
    pub ceremony_deadline_seconds: u32,
    /// Most tags that one feed may have live; what goes beyond is refused by its readers.
    #[n(4)]
    pub live_tags: u32,
    /// After how many segments of a feed everything is published anew, so that withdrawn tags disappear.
    #[n(5)]
    pub segments_per_snapshot: u32,
    /// Seconds between a node's first sight of a version that widens something and the moment it takes effect there.
    #[cbor(n(6), with = "crate::sparse", has_nil)]
    pub notice_seconds: u32,
}

impl Rules {
    /// Enough for 35,000 families of fourteen tags: more than the largest organisation of a region has.
    pub const LIVE_TAGS: u32 = 500_000;

    /// A week of segments of a quarter of an hour.
    pub const SEGMENTS_PER_SNAPSHOT: u32 = 672;
}

/// epoch = anchor epoch + ⌊(t − anchor time) / length⌋.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EpochRules {
    /// Number of the epoch that starts at the anchor time.
    #[n(0)]
    pub anchor_epoch: u32,
    /// UTC seconds.
    #[n(1)]
    pub anchor_time: u64,
    /// Length of an epoch in seconds.
    #[n(2)]
    pub length_seconds: u64,
    /// Seconds after its end during which an epoch is still matched on; at most its length.
    #[n(3)]
    pub grace_seconds: u64,
    /// Seconds before its start in which an epoch is prepared: its keys are made, and everything is published under
    /// them; at most the length of an epoch.
    #[n(4)]
    pub preparation_seconds: u64,
}

impl EpochRules {
    /// Epochs of a length, the first of which starts at a moment in UTC seconds. The grace lasts a sixth of an epoch and at
    /// most a fortnight, the preparation a third and at most a month.
    #[must_use]
    pub fn starting(anchor_time: u64, length_seconds: u64) -> Self {
        const DAY: u64 = 86_400;
        Self {
            anchor_epoch: 1,
            anchor_time,
            length_seconds,
            grace_seconds: (length_seconds / 6).min(14 * DAY),
            preparation_seconds: (length_seconds / 3).min(30 * DAY),
        }
    }
}

/// A circle: for one purpose, on named legal bases, who publishes to whom.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Circle {
    /// Random id.
    #[cbor(n(0), with = "crypto::cbor::circle_id")]
    pub id: CircleId,
    /// Name for people.
    #[n(1)]
    pub name: String,
    /// What the circle is for.
    #[n(2)]
    pub purpose: String,
    /// Codes of the legal bases that hold in this circle.
    #[n(3)]
    pub legal_bases: Vec<LegalBasisText>,
    /// The directed sector matrix; a pair that is not listed is closed.
    #[n(4)]
    pub open: Vec<OpenPair>,
    /// Whether it is for acceptance tests: only synthetic families, never beside real ones.
    #[cbor(n(5), with = "crate::sparse", has_nil)]
    pub trial: bool,
}

/// A legal-basis code inside a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct LegalBasisText(#[cbor(n(0), with = "crypto::cbor::legal_basis")] pub LegalBasisCode);

/// Members of one sector publish to members of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct OpenPair {
    /// Who publishes.
    #[cbor(n(0), with = "crypto::cbor::sector")]
    pub publisher: Sector,
    /// Who reads.
    #[cbor(n(1), with = "crypto::cbor::sector")]
    pub reader: Sector,
    /// Codes of the legal bases that hold between them, ascending; none: all of the circle.
    #[cbor(n(2), with = "crate::sparse", has_nil)]
    pub legal_bases: Vec<LegalBasisText>,
}

impl OpenPair {
    /// A pair in which every legal basis of the circle holds.
    #[must_use]
    pub const fn new(publisher: Sector, reader: Sector) -> Self {
        Self { publisher, reader, legal_bases: Vec::new() }
    }
}

/// A legal basis (grondslag) on which signals may rest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LegalBasis {
    /// Its code in files and on pages.
    #[cbor(n(0), with = "crypto::cbor::legal_basis")]
    pub code: LegalBasisCode,
    /// The article of law.
    #[n(1)]
    pub article: String,
    /// Ground of AVG article 6.
    #[n(2)]
    pub avg6: String,
    /// Exception of AVG articles 9 and 10, where one is needed.
    #[n(3)]
    pub avg9: Option<String>,
    /// The rule of professional secrecy that allows it.
    #[n(4)]
    pub secrecy: Option<String>,
    /// Whether consent is required.
    #[n(5)]
    pub consent_required: bool,
    /// UTC seconds after which it no longer holds.
    #[n(6)]
    pub valid_until: Option<u64>,
}

/// A member that holds a share of the keys.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeyholderRecord {
    /// Index of its share, 1 or more, never reused.
    #[n(0)]
    pub index: u16,
    /// The member.
    #[cbor(n(1), with = "crypto::cbor::oin")]
    pub oin: Oin,
}

/// A member organisation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Member {
    /// Its number.
    #[cbor(n(0), with = "crypto::cbor::oin")]
    pub oin: Oin,
    /// Name for people.
    #[n(1)]
    pub name: String,
    /// Its sector.
    #[cbor(n(2), with = "crypto::cbor::sector")]
    pub sector: Sector,
    /// Where it works.
    #[n(3)]
    pub working_area: String,
    /// Whether it may process the BSN.
    #[n(4)]
    pub bsn_entitled: bool,
    /// Its public keys.
    #[n(5)]
    pub keys: MemberKeys,
    /// Where its node listens, as `address:port`; none for a node that only dials out and is reached through relays.
    #[n(6)]
    pub addresses: Vec<String>,
    /// Whom to call when nobody else is known.
    #[n(7)]
    pub contact_point: String,
    /// Whether its node relays for members that cannot be dialled.
    #[n(8)]
    pub relay: bool,
}

impl Member {
    /// The addresses that can be read as such; others are left out.
    #[must_use]
    pub fn socket_addresses(&self) -> Vec<SocketAddr> {
        self.addresses.iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// Whether nobody can dial its node, so that members in the same position reach it through relays only.
    #[must_use]
    pub fn is_outbound_only(&self) -> bool {
        self.addresses.is_empty()
    }
}

/// The address of an institution: a shelter, a boarding house, a residential home.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Institution {
    /// Four digits and two capitals.
    #[n(0)]
    pub postcode: String,
    /// The house number. Without letter and addition the address stands for every dwelling at this number.
    #[n(1)]
    pub number: u32,
    /// The house letter.
    #[n(2)]
    pub letter: Option<String>,
    /// The addition.
    #[n(3)]
    pub addition: Option<String>,
}

impl Institution {
    /// The address, checked.
    ///
    /// # Errors
    /// A postcode or house number that no address has.
    pub fn address(&self) -> Result<Address, Invalid> {
        let text = |text: &Option<String>| {
            text.as_deref().map(|text| PersonalText::new("toevoeging", text)).transpose()
        };
        Ok(Address {
            postcode: self.postcode.parse()?,
            number: HouseNumber::new(self.number)?,
            letter: text(&self.letter)?,
            addition: text(&self.addition)?,
        })
    }
}

/// Public keys of a member, one for each use. Those that are absent were not made yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MemberKeys {
    /// Signs documents: packages, key sets, headers, heads.
    #[n(0)]
    pub organisation: VerifyingKey,
    /// Identifies the node in TLS; the libp2p peer id is made from it.
    #[n(1)]
    pub node: VerifyingKey,
    /// Signs checkpoints of its logs.
    #[n(2)]
    pub log: Option<VerifyingKey>,
    /// Cosigns checkpoints of others' logs.
    #[n(3)]
    pub cosignature: Option<VerifyingKey>,
    /// What is for its privacy officer is sealed to it.
    #[n(4)]
    pub privacy_officer: Option<SealingPublicKey>,
    /// What is for its data-protection officer (FG) is sealed to it.
    #[n(5)]
    pub fg: Option<SealingPublicKey>,
}

impl MemberKeys {
    /// The two keys without which nobody is a member.
    #[must_use]
    pub const fn new(organisation: VerifyingKey, node: VerifyingKey) -> Self {
        Self { organisation, node, log: None, cosignature: None, privacy_officer: None, fg: None }
    }

    /// Every key that signs.
    pub fn signing(&self) -> impl Iterator<Item = VerifyingKey> + use<> {
        [Some(self.organisation), Some(self.node), self.log, self.cosignature].into_iter().flatten()
    }

    /// Every key that something is sealed to.
    pub fn sealing(&self) -> impl Iterator<Item = SealingPublicKey> + use<> {
        [self.privacy_officer, self.fg].into_iter().flatten()
    }
}

/// Who signs the next version, and how many must.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Governors {
    /// Signatures needed: more than half of the keys.
    #[n(0)]
    pub threshold: u16,
    /// Their keys, ascending.
    #[n(1)]
    pub keys: Vec<VerifyingKey>,
}
