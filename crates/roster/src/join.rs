//! What an organisation hands to the governors to be admitted: itself, its public keys, how to reach it.
//!
//! A join request is signed by the organisation key that it presents, which proves that whoever made it holds that
//! key and that nothing was changed on the way. It proves nothing about who they are: that is what the
//! [`Fingerprint`] is for, read over the telephone on a number that the governor knows from elsewhere. It names no
//! network, since founders write theirs before there is one; what it asks for takes effect only in a roster that
//! governors sign.

use std::collections::BTreeSet;

use crypto::{
    Document, EncodingError, SealingPublicKey, Signed, SigningKey, TypeName, Unverified, VerifyingKey,
};
use domain::{Oin, PlainText, Sector, Timestamp};
use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::{Fingerprint, Member, MemberKeys};

/// Most addresses of one node: a few interfaces in both families of IP.
const MAX_ADDRESSES: usize = 16;

/// Largest join request in bytes: every text at its longest, four bytes a character.
pub const MAX_JOIN_REQUEST_BYTES: usize = 32 * 1024;

/// An organisation that asks to be admitted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct JoinRequest {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// Its number.
    #[cbor(n(1), with = "crypto::cbor::oin")]
    pub oin: Oin,
    /// Name for people.
    #[n(2)]
    pub name: String,
    /// Its sector, as it sees it.
    #[cbor(n(3), with = "crypto::cbor::sector")]
    pub sector: Sector,
    /// Where it works.
    #[n(4)]
    pub working_area: String,
    /// Whether it says that it may process the BSN; governors decide.
    #[n(5)]
    pub bsn_entitled: bool,
    /// Will sign its documents; signs this request too.
    #[n(6)]
    pub organisation_key: VerifyingKey,
    /// Will identify its node.
    #[n(7)]
    pub node_key: VerifyingKey,
    /// Where its node listens, as `address:port`; none for a node that only dials out.
    #[n(8)]
    pub addresses: Vec<String>,
    /// Whom to call when nobody else is known: a function and a number, no person.
    #[n(9)]
    pub contact_point: String,
    /// When it was made.
    #[cbor(n(10), with = "crypto::cbor::timestamp")]
    pub time: Timestamp,
    /// Whether it is willing to relay for members that cannot be dialled.
    #[n(11)]
    pub relay: bool,
    /// Will sign checkpoints of its logs.
    #[n(12)]
    pub log_key: Option<VerifyingKey>,
    /// Will cosign checkpoints of others' logs.
    #[n(13)]
    pub cosignature_key: Option<VerifyingKey>,
    /// What is for its privacy officer will be sealed to it.
    #[n(14)]
    pub privacy_officer_key: Option<SealingPublicKey>,
    /// What is for its data-protection officer (FG) will be sealed to it.
    #[n(15)]
    pub fg_key: Option<SealingPublicKey>,
}

impl Document for JoinRequest {
    const LABEL: &'static str = "samenhang join v1";
}

/// A join request that was refused. Whoever sent it is to blame, or the mail that carried it.
#[derive(Debug, Error)]
pub enum JoinError {
    /// Not a join request.
    #[error("this is no join request; ask the organisation for the file that `samenhang init` wrote")]
    Encoding(#[source] EncodingError),
    /// Changed on the way, or made by somebody without the key.
    #[error(
        "the join request is not signed by the key that it presents: it was damaged or changed on the way; ask the \
         organisation to send it again"
    )]
    Signature,
    /// A text that no roster can hold.
    #[error(
        "the join request's {0} is empty, longer than 200 characters, or not plain text; ask the organisation to correct it"
    )]
    Text(&'static str),
    /// More addresses than any node has.
    #[error("the join request names {0} addresses, more than the {MAX_ADDRESSES} allowed")]
    TooManyAddresses(usize),
    /// A relay that nobody can dial.
    #[error(
        "the join request offers to relay and names no address at which others reach its node; ask the organisation to add one, or not to offer it"
    )]
    RelayWithoutAddress,
    /// One key for two uses.
    #[error(
        "the join request presents one key for two uses; ask the organisation to make it with `samenhang init`"
    )]
    SharedKey,
}

impl JoinRequest {
    /// Signs the request with the organisation key that it presents.
    ///
    /// # Errors
    /// What no governor's node would read: a text or list out of bounds, or the key of another organisation.
    pub fn sign(self, organisation_key: &SigningKey) -> Result<Signed<Self>, JoinError> {
        self.check()?;
        if self.organisation_key != organisation_key.verifying_key() {
            return Err(JoinError::Signature);
        }
        Ok(Signed::sign(self, organisation_key))
    }

    /// Reads the bytes of a `.join` file and verifies that the key it presents signed them.
    ///
    /// # Errors
    /// No join request, out of bounds, or not signed by that key.
    pub fn read(wire: &[u8]) -> Result<Signed<Self>, JoinError> {
        if wire.len() > MAX_JOIN_REQUEST_BYTES {
            return Err(JoinError::Encoding(EncodingError::Malformed));
        }
        let unverified = Unverified::<Self>::parse(wire).map_err(JoinError::Encoding)?;
        let key = unverified.claimed().organisation_key;
        let signed = unverified.verify(&key).map_err(|_| JoinError::Signature)?;
        signed.document().check()?;
        Ok(signed)
    }

    fn check(&self) -> Result<(), JoinError> {
        let texts = [
            ("name", &self.name),
            ("working area", &self.working_area),
            ("contact point", &self.contact_point),
        ];
        for (what, text) in texts.into_iter().chain(self.addresses.iter().map(|text| ("address", text))) {
            // Blanks around a text are refused as well, so that a name has one spelling.
            if PlainText::new(what, text).map_or(true, |plain| plain.as_str() != text) {
                return Err(JoinError::Text(what));
            }
        }
        if self.addresses.len() > MAX_ADDRESSES {
            return Err(JoinError::TooManyAddresses(self.addresses.len()));
        }
        if self.relay && self.addresses.is_empty() {
            return Err(JoinError::RelayWithoutAddress);
        }
        let keys = Member::from(self).keys;
        let (signing, sealing): (Vec<_>, Vec<_>) = (keys.signing().collect(), keys.sealing().collect());
        if signing.iter().collect::<BTreeSet<_>>().len() != signing.len()
            || sealing.iter().collect::<BTreeSet<_>>().len() != sealing.len()
        {
            return Err(JoinError::SharedKey);
        }
        Ok(())
    }
}

impl From<&Signed<JoinRequest>> for Fingerprint {
    /// Covers everything that is asked, not the keys alone: an address changed on the way changes it too.
    fn from(request: &Signed<JoinRequest>) -> Self {
        Self::of(request.digest().as_bytes())
    }
}

impl From<&JoinRequest> for Member {
    /// The member as the organisation asks to be listed.
    fn from(request: &JoinRequest) -> Self {
        Self {
            oin: request.oin,
            name: request.name.clone(),
            sector: request.sector.clone(),
            working_area: request.working_area.clone(),
            bsn_entitled: request.bsn_entitled,
            keys: MemberKeys {
                organisation: request.organisation_key,
                node: request.node_key,
                log: request.log_key,
                cosignature: request.cosignature_key,
                privacy_officer: request.privacy_officer_key,
                fg: request.fg_key,
            },
            addresses: request.addresses.clone(),
            contact_point: request.contact_point.clone(),
            relay: request.relay,
        }
    }
}
