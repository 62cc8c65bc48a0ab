//! The threshold OPRF: RFC 9497 in verifiable mode (0x01) with ristretto255-SHA512, the key shared among
//! keyholders.
//!
//! Each keyholder evaluates as an ordinary RFC 9497 server with its share and proves it against its verifying
//! share. The client verifies every proof, which leaves a [`VerifiedEvaluation`], and combines a threshold of
//! them by Lagrange interpolation in the exponent. For one key the output equals RFC 9497 exactly.

mod batch;
mod error;
mod proof;
mod share;
mod suite;

pub use batch::{BlindedBatch, VerifiedEvaluation, blind_scalar, filling_value};
use domain::{Epoch, NetworkId};
pub use error::OprfError;
pub use share::{Evaluation, KeyShare};
use zeroize::Zeroizing;

use crate::transcript::transcript;

/// Most elements in one request. Costs a keyholder a tenth of a second, so that a request cannot hold it up.
pub const MAX_BATCH: usize = 1024;

const INPUT_LABEL: &str = "samenhang oprf v1";

/// The OPRF input of one linkage key: label, network, epoch, kind of key, value. Personal data.
#[must_use]
pub fn oprf_input(network: &NetworkId, epoch: Epoch, kind: &str, value: &[u8]) -> Zeroizing<Vec<u8>> {
    let epoch = epoch.0.to_be_bytes();
    Zeroizing::new(transcript(INPUT_LABEL, &[network.as_bytes(), &epoch, kind.as_bytes(), value]))
}
