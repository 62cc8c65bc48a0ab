//! Points of ristretto255 as peers send them.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::traits::IsIdentity;

/// Decodes a point; `None` when the bytes are not one, or are the identity, which RFC 9497 §4 refuses.
pub(crate) fn decode(bytes: &[u8; 32]) -> Option<RistrettoPoint> {
    CompressedRistretto(*bytes).decompress().filter(|point| !point.is_identity())
}
