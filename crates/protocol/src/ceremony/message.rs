//! Signed documents and frames of the ceremony conversation.

use crypto::{Digest, Document, SealingPublicKey, TypeName};
use domain::{Epoch, KeyClass, NetworkId, Oin};
use minicbor::{Decode, Encode};

/// Most parts in one frame: both packages and the echo of sixteen keyholders, which is as many as a roster may name, a
/// complaint of everybody about everybody, the answers, two key sets, and everybody's abandonments of two attempts make
/// 562.
pub(crate) const MAX_PARTS: usize = 600;

/// Round 1: commitments to the polynomial with a proof of knowledge, and a sealing key made for this attempt.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Round1Document {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// The keyholder that made it.
    #[cbor(n(2), with = "crypto::cbor::oin")]
    pub signer: Oin,
    /// Digest of the session: the attempt and its participants.
    #[n(3)]
    pub ceremony: Digest,
    /// The signer's index.
    #[n(4)]
    pub index: u16,
    /// FROST round 1 package.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub package: Vec<u8>,
    /// Where round 2 is sealed to.
    #[n(6)]
    pub sealing_key: SealingPublicKey,
    /// The attempt of the session, in clear: whoever lost what it had begun recognises which one that was.
    #[n(7)]
    pub attempt: u32,
    /// The participants of the session, ascending.
    #[n(8)]
    pub participants: Vec<u16>,
}

impl Document for Round1Document {
    const LABEL: &'static str = "samenhang round1 v1";
}

/// Round 2: the shares for all other participants, each sealed to its recipient's key of round 1.
///
/// Everybody gets the whole and passes it on, so that no share can be kept from one keyholder alone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Round2Document {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// The keyholder that made it.
    #[cbor(n(2), with = "crypto::cbor::oin")]
    pub signer: Oin,
    /// Digest of the session.
    #[n(3)]
    pub ceremony: Digest,
    /// The signer's index.
    #[n(4)]
    pub index: u16,
    /// One for every other participant, ascending.
    #[n(5)]
    pub shares: Vec<SealedShare>,
}

impl Document for Round2Document {
    const LABEL: &'static str = "samenhang round2 v1";
}

/// A share that only its recipient can open.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SealedShare {
    /// Index of the keyholder that it is for.
    #[n(0)]
    pub recipient: u16,
    /// The share, sealed.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

/// Echo: what the signer holds as the packages of everybody.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EchoDocument {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// The keyholder that made it.
    #[cbor(n(2), with = "crypto::cbor::oin")]
    pub signer: Oin,
    /// Digest of the session.
    #[n(3)]
    pub ceremony: Digest,
    /// The signer's index.
    #[n(4)]
    pub index: u16,
    /// Digest over the digests of all round 1 packages in order of index, then of all round 2 packages.
    #[n(5)]
    pub transcript: Digest,
}

impl Document for EchoDocument {
    const LABEL: &'static str = "samenhang echo v1";
}

/// Complaint: the share that the signer got from `accused` does not open, or does not fit the accused's commitments.
///
/// It names the package that the share came in. A share that did not come cannot be complained of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ComplaintDocument {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// The keyholder that complains.
    #[cbor(n(2), with = "crypto::cbor::oin")]
    pub signer: Oin,
    /// Digest of the session.
    #[n(3)]
    pub ceremony: Digest,
    /// The signer's index.
    #[n(4)]
    pub index: u16,
    /// Index of the keyholder complained of.
    #[n(5)]
    pub accused: u16,
    /// Digest of the accused's round 2 package.
    #[n(6)]
    pub package: Digest,
}

impl Document for ComplaintDocument {
    const LABEL: &'static str = "samenhang complaint v1";
}

/// Disclosure: the answer to a complaint, the share in the open so that everybody can judge.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct DisclosureDocument {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// The keyholder complained of.
    #[cbor(n(2), with = "crypto::cbor::oin")]
    pub signer: Oin,
    /// Digest of the session.
    #[n(3)]
    pub ceremony: Digest,
    /// The signer's index.
    #[n(4)]
    pub index: u16,
    /// Index of the keyholder that complained.
    #[n(5)]
    pub recipient: u16,
    /// The share of the recipient, FROST round 2 package.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub share: Vec<u8>,
}

impl Document for DisclosureDocument {
    const LABEL: &'static str = "samenhang disclosure v1";
}

impl std::fmt::Debug for DisclosureDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DisclosureDocument({} to {}, redacted)", self.index, self.recipient)
    }
}

/// One signed piece of a ceremony, as bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Part {
    /// A signed [`Round1Document`].
    #[n(1)]
    Round1(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A signed [`Round2Document`].
    #[n(2)]
    Round2(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A signed [`EchoDocument`].
    #[n(3)]
    Echo(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A signed [`ComplaintDocument`].
    #[n(4)]
    Complaint(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A signed [`DisclosureDocument`].
    #[n(5)]
    Disclosure(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A key set document with the signatures that the sender holds.
    #[n(6)]
    KeySet(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A signed [`super::AbandonmentDocument`].
    #[n(7)]
    Abandonment(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
}

/// A request of the ceremony conversation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CeremonyRequest {
    /// Everything the sender has for the receiver in one ceremony. Between keyholders only.
    #[n(1)]
    Exchange {
        /// Digest that names the first attempt, and with it all attempts at the same key.
        #[n(0)]
        ceremony: Digest,
        /// The parts.
        #[n(1)]
        parts: Vec<Part>,
    },
    /// The complete key set of an epoch and class. Any member may ask.
    #[n(2)]
    KeySet {
        /// The epoch.
        #[cbor(n(0), with = "crypto::cbor::epoch")]
        epoch: Epoch,
        /// The class.
        #[cbor(n(1), with = "crypto::cbor::key_class")]
        class: KeyClass,
    },
}

/// The response to a [`CeremonyRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CeremonyResponse {
    /// Everything the responder has for the asker in that ceremony.
    #[n(1)]
    Exchange {
        /// The parts.
        #[n(0)]
        parts: Vec<Part>,
    },
    /// The complete key set.
    #[n(2)]
    KeySet {
        /// A signed key set.
        #[cbor(n(0), with = "minicbor::bytes")]
        wire: Vec<u8>,
    },
    /// Not held, not under way here, or not for the asker.
    #[n(3)]
    Unknown,
}
