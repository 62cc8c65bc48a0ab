//! Proof of equivocation: two signed statements of one publisher that cannot both belong to one history of its feed.
//!
//! A header or head says which header has a number, and when; a header also says which one has the number before.
//! Within a generation a publisher signs one history, in which a higher number is never dated earlier. So two statements
//! of one feed and generation prove two when they name different headers for one number, or when the one with the lower
//! number is dated later, as by a node that went back to an older data folder. Statements of different generations prove nothing: whoever lost its feed goes on under
//! a higher one, perhaps at numbers that it knows nothing of.
//!
//! A proof convinces everybody who knows the publisher's key; who brings it does not matter.

use crypto::{Digest, Document, EncodingError, Signed, TypeName, Unverified, VerifyingKey, cbor};
use domain::{CircleId, NetworkId, Oin, Timestamp};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::{FeedId, HeadDocument, HeaderDocument, Position};

/// Longest statement in a proof: a head comes to less than half of this, a header to a third.
pub const MAX_STATEMENT_BYTES: usize = 1_024;

/// Longest proof: two statements and what is around them.
pub const MAX_PROOF_BYTES: usize = 2 * MAX_STATEMENT_BYTES + 64;

/// What a statement says of the numbers of its feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The header that it names, or is.
    pub at: Position,
    /// The header that has the number before, where it says so.
    pub previous: Option<Digest>,
    /// When it was signed.
    pub time: Timestamp,
}

impl Claim {
    /// Whether no history holds both.
    #[must_use]
    pub fn contradicts(&self, other: &Self) -> bool {
        self.disputed(other).is_some()
    }

    /// The number from which on they are of different histories.
    fn disputed(&self, other: &Self) -> Option<u64> {
        let (low, high) = if self.at.sequence <= other.at.sequence { (self, other) } else { (other, self) };
        let further = high.at.sequence.saturating_sub(low.at.sequence);
        let named = match further {
            0 => Some(high.at.header),
            1 => high.previous,
            _ => None,
        };
        let names_another = named.is_some_and(|named| named != low.at.header);
        let goes_back = further > 0 && low.time > high.time;
        let is_one_generation = low.at.generation == high.at.generation;
        (is_one_generation && (names_another || goes_back)).then_some(low.at.sequence)
    }
}

impl From<&Signed<HeaderDocument>> for Claim {
    fn from(header: &Signed<HeaderDocument>) -> Self {
        Self {
            at: Position::from(header),
            previous: header.document().previous,
            time: header.document().time,
        }
    }
}

impl From<&HeadDocument> for Claim {
    fn from(head: &HeadDocument) -> Self {
        Self { at: Position::from(head), previous: None, time: head.time }
    }
}

/// Of whom and where: at most one proof is kept for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct ProofPlace {
    /// The publisher.
    #[cbor(n(0), with = "crypto::cbor::oin")]
    pub publisher: Oin,
    /// The circle.
    #[cbor(n(1), with = "crypto::cbor::circle_id")]
    pub circle: CircleId,
}

/// How a proof travels and is kept.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Wire {
    #[n(0)]
    kind: TypeName<Self>,
    /// A signed header or head, exactly as it was signed.
    #[n(1)]
    first: ByteVec,
    /// The other, whose bytes sort after it: so two statements make one proof.
    #[n(2)]
    second: ByteVec,
}

impl Document for Wire {
    const LABEL: &'static str = "samenhang proof v1";
}

/// One statement, as somebody brought it.
#[derive(Clone, Debug)]
enum Statement {
    Header(Unverified<HeaderDocument>),
    Head(Unverified<HeadDocument>),
}

impl Statement {
    fn parse(wire: &[u8]) -> Result<Self, EncodingError> {
        if wire.len() > MAX_STATEMENT_BYTES {
            return Err(EncodingError::Malformed);
        }
        // Each names its own type first, so that at most one of them reads it.
        let header = Unverified::<HeaderDocument>::parse(wire);
        header.map(Self::Header).or_else(|_| Unverified::<HeadDocument>::parse(wire).map(Self::Head))
    }

    fn place(&self) -> (NetworkId, FeedId) {
        match self {
            Self::Header(header) => (header.claimed().network, header.claimed().feed),
            Self::Head(head) => (head.claimed().network, head.claimed().feed),
        }
    }

    fn verify(self, key: &VerifyingKey) -> Result<Claim, NotProven> {
        let claim = match self {
            Self::Header(header) => header.verify(key).map(|header| Claim::from(&header)),
            Self::Head(head) => head.verify(key).map(|head| Claim::from(head.document())),
        };
        claim.map_err(|_| NotProven::BadSignature)
    }
}

/// Two statements, of which nothing is proven yet.
#[derive(Clone, Debug)]
pub struct UnverifiedProof {
    wire: Wire,
    first: Statement,
    second: Statement,
}

impl UnverifiedProof {
    /// Of two signed headers or heads, in either order.
    ///
    /// # Errors
    /// One of them is neither.
    pub fn of(one: &[u8], other: &[u8]) -> Result<Self, EncodingError> {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Ok(Self {
            first: Statement::parse(first)?,
            second: Statement::parse(second)?,
            wire: Wire {
                kind: TypeName::new(),
                first: first.to_vec().into(),
                second: second.to_vec().into(),
            },
        })
    }

    /// Reads a proof as it travels.
    ///
    /// # Errors
    /// Not a proof, or not spelt as one is.
    pub fn parse(bytes: &[u8]) -> Result<Self, EncodingError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(EncodingError::Malformed);
        }
        let wire: Wire = cbor::from_slice(bytes)?;
        let proof = Self::of(&wire.first, &wire.second)?;
        if proof.wire == wire { Ok(proof) } else { Err(EncodingError::NotCanonical) }
    }

    /// The feed that it claims to be about.
    #[must_use]
    pub fn feed(&self) -> FeedId {
        self.first.place().1
    }

    /// Verifies that the publisher signed both statements, in this network, and that they contradict each other.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn verify(self, network: &NetworkId, key: &VerifyingKey) -> Result<Proof, NotProven> {
        let (place, feed) = (self.first.place(), self.feed());
        if place.0 != *network || self.second.place() != place {
            return Err(NotProven::OtherFeeds);
        }
        let (first, second) = (self.first.verify(key)?, self.second.verify(key)?);
        let sequence = first.disputed(&second).ok_or(NotProven::NoContradiction)?;
        let highest = if first.at.sequence > second.at.sequence { first.at } else { second.at };
        Ok(Proof { feed, sequence, highest, wire: self.wire })
    }
}

/// Why two statements prove nothing. Whoever brings them is to blame, not the publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotProven {
    /// Of two feeds, or of another network.
    #[error("the statements are not of one feed of this network")]
    OtherFeeds,
    /// Somebody else signed one of them.
    #[error("the publisher did not sign both statements")]
    BadSignature,
    /// One history can hold both.
    #[error("the statements do not contradict each other")]
    NoContradiction,
}

/// Proof that a publisher signed two histories of one generation of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    feed: FeedId,
    sequence: u64,
    highest: Position,
    wire: Wire,
}

impl Proof {
    /// The feed.
    #[must_use]
    pub fn feed(&self) -> FeedId {
        self.feed
    }

    /// Of whom and where.
    #[must_use]
    pub fn place(&self) -> ProofPlace {
        ProofPlace { publisher: self.feed.publisher, circle: self.feed.circle }
    }

    /// The generation of which there are two histories.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.highest.generation
    }

    /// Where the higher of the two statements stands: whoever begins anew does so above it.
    #[must_use]
    pub fn highest(&self) -> Position {
        self.highest
    }

    /// The lower of the two numbers that its statements are about.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The two signed headers or heads, exactly as they were signed.
    #[must_use]
    pub fn statements(&self) -> [&[u8]; 2] {
        [&self.wire.first, &self.wire.second]
    }

    /// How it travels and is kept.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        cbor::to_vec(&self.wire)
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Seed, SigningKey, Tag};
    use domain::Epoch;

    use super::*;
    use crate::{Publisher, Segment};

    const NETWORK: NetworkId = NetworkId::from_bytes([7; 32]);
    const NOW: Timestamp = Timestamp(1_795_000_000);

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_seed(&Seed::from_bytes([byte; 32]))
    }

    fn publisher_in(network: NetworkId, circle: u8, epoch: u32) -> Publisher {
        let publisher = Oin::test_number(1).unwrap();
        let circle = CircleId::from_bytes([circle; 16]);
        Publisher::new(network, FeedId { publisher, circle, epoch: Epoch(epoch) })
    }

    fn publisher() -> Publisher {
        publisher_in(NETWORK, 1, 1)
    }

    /// The next segment, with a tag of its own.
    fn segment(publisher: &mut Publisher, tag: u8) -> Signed<HeaderDocument> {
        publisher.add([Tag::from_bytes([tag; 16])]);
        let Segment { header, .. } = publisher.segment(NOW, &key(1)).unwrap();
        header
    }

    fn head(publisher: &Publisher) -> Vec<u8> {
        let roster = (1, Digest::from_bytes([9; 32]));
        publisher.head(NOW, false, roster, vec![], &key(1)).unwrap().to_wire()
    }

    fn judge(one: &[u8], other: &[u8]) -> Result<Proof, NotProven> {
        UnverifiedProof::of(one, other).unwrap().verify(&NETWORK, &key(1).verifying_key())
    }

    fn check(one: &[u8], other: &[u8], expected: Result<u64, NotProven>) {
        assert_eq!(judge(one, other).map(|proof| proof.sequence()), expected);
        assert_eq!(judge(other, one).map(|proof| proof.sequence()), expected);
    }

    #[test]
    fn two_headers_or_heads_with_one_number_prove_two_histories() {
        let (mut one, mut other) = (publisher(), publisher());
        let (first, second) = (segment(&mut one, 1).to_wire(), segment(&mut other, 2).to_wire());
        check(&first, &second, Ok(1));
        check(&head(&one), &head(&other), Ok(1));
        check(&first, &head(&other), Ok(1));
        check(&first, &head(&one), Err(NotProven::NoContradiction));
        check(&first, &first, Err(NotProven::NoContradiction));
    }

    #[test]
    fn a_header_that_names_another_before_it_proves_two_histories() {
        let (mut one, mut other) = (publisher(), publisher());
        let first = segment(&mut one, 1).to_wire();
        segment(&mut other, 2);
        let next = segment(&mut other, 3).to_wire();
        check(&first, &next, Ok(1));
        check(&head(&one), &next, Ok(1));
        let own_next = segment(&mut one, 4).to_wire();
        check(&first, &own_next, Err(NotProven::NoContradiction));
        // From here on nothing says which headers there were before.
        let later = segment(&mut other, 5).to_wire();
        check(&first, &later, Err(NotProven::NoContradiction));
    }

    #[test]
    fn a_lower_number_that_is_dated_later_proves_two_histories() {
        let (mut one, mut other) = (publisher(), publisher());
        for tag in 1..=9 {
            segment(&mut one, tag);
        }
        let newest = head(&one);
        segment(&mut other, 1);
        // The same moment proves nothing: a full set has many segments.
        check(&newest, &head(&other), Err(NotProven::NoContradiction));
        let later = other.segment(NOW.plus(1), &key(1)).unwrap().header;
        check(&newest, &later.to_wire(), Ok(2));
        let roster = (1, Digest::from_bytes([9; 32]));
        let later = other.head(NOW.plus(1), false, roster, vec![], &key(1)).unwrap();
        check(&newest, &later.to_wire(), Ok(2));
    }

    #[test]
    fn another_generation_feed_network_or_signer_proves_nothing() {
        let mut one = publisher();
        let first = segment(&mut one, 1);
        let mut restored = publisher();
        restored.continue_above(Position::from(&first));
        let went_on = segment(&mut restored, 2);
        segment(&mut one, 3);
        check(&head(&one), &went_on.to_wire(), Err(NotProven::NoContradiction));
        check(&first.to_wire(), &went_on.to_wire(), Err(NotProven::NoContradiction));
        for mut elsewhere in [publisher_in(NETWORK, 2, 1), publisher_in(NETWORK, 1, 2)] {
            check(&first.to_wire(), &segment(&mut elsewhere, 2).to_wire(), Err(NotProven::OtherFeeds));
        }
        let mut abroad = publisher_in(NetworkId::from_bytes([8; 32]), 1, 1);
        let (here, there) = (segment(&mut abroad, 1), segment(&mut abroad, 2));
        check(&here.to_wire(), &there.to_wire(), Err(NotProven::OtherFeeds));
        let mut forged = publisher();
        forged.add([Tag::from_bytes([5; 16])]);
        let forged = forged.segment(NOW, &key(2)).unwrap().header;
        check(&first.to_wire(), &forged.to_wire(), Err(NotProven::BadSignature));
    }

    #[test]
    fn a_proof_travels_in_one_spelling() {
        let (mut one, mut other) = (publisher(), publisher());
        let (first, second) = (segment(&mut one, 1).to_wire(), segment(&mut other, 2).to_wire());
        let proof = judge(&first, &second).unwrap();
        assert_eq!(proof, judge(&second, &first).unwrap());
        let mut statements = [first, second];
        statements.sort();
        assert_eq!(proof.statements(), [statements[0].as_slice(), statements[1].as_slice()]);
        let wire = proof.to_wire();
        assert!(wire.len() <= MAX_PROOF_BYTES);
        let again = UnverifiedProof::parse(&wire).unwrap();
        assert_eq!(again.feed(), proof.feed());
        assert_eq!(again.verify(&NETWORK, &key(1).verifying_key()).unwrap(), proof);
        let turned = Wire {
            kind: TypeName::new(),
            first: statements[1].clone().into(),
            second: statements[0].clone().into(),
        };
        let refused = UnverifiedProof::parse(&cbor::to_vec(&turned)).unwrap_err();
        assert_eq!(refused, EncodingError::NotCanonical);
        assert!(UnverifiedProof::parse(&wire[1..]).is_err());
        assert!(UnverifiedProof::parse(&[wire, vec![0]].concat()).is_err());
        let long = vec![0; MAX_STATEMENT_BYTES + 1];
        assert!(UnverifiedProof::of(&long, &statements[0]).is_err());
    }
}
