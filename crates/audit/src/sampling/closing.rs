//! The closing of a period: a checkpoint of the evaluation log under a name of its own, which has one checkpoint for ever.

use std::fmt;

use crypto::{SigningKey, VerifyingKey};
use domain::{NetworkId, Oin};
use minicbor::{Decode, Encode};

use crate::{AuditError, Checkpoint, Cosignature, Cosigner, Origin, Root, SignedCheckpoint};

/// The number of a period. Which days it has is for the network to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Period(#[n(0)] pub u32);

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// That an organisation's evaluation log had this size and root when a period ended.
#[derive(Debug, PartialEq)]
pub struct PeriodClosed {
    network: NetworkId,
    keeper: Oin,
    period: Period,
    signed: SignedCheckpoint,
}

impl PeriodClosed {
    /// Closes a period with the key that signs checkpoints.
    ///
    /// # Errors
    /// More leaves than a log has.
    pub fn sign(
        network: NetworkId,
        keeper: Oin,
        period: Period,
        (size, root): (u64, Root),
        key: &SigningKey,
    ) -> Result<Self, AuditError> {
        let origin = Origin::closed_period(network, keeper, period);
        let signed = SignedCheckpoint::sign(Checkpoint { origin, size, root }, key)?;
        Ok(Self { network, keeper, period, signed })
    }

    /// Reads a closing of this period and verifies that this key signed it.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::verify`].
    pub fn verify(
        bytes: &[u8],
        network: NetworkId,
        keeper: Oin,
        period: Period,
        key: &VerifyingKey,
    ) -> Result<Self, AuditError> {
        let origin = Origin::closed_period(network, keeper, period);
        let signed = SignedCheckpoint::verify(bytes, &origin, key)?;
        Ok(Self { network, keeper, period, signed })
    }

    /// Adds the cosignature of a witness.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::add`].
    pub fn add(&mut self, witness: &Cosigner, cosignature: &Cosignature) -> Result<(), AuditError> {
        self.signed.add(witness, cosignature)
    }

    /// The checkpoint that closes the period. A witness that cosigns it has compared size and root with the evaluation
    /// log's checkpoint that it remembers, and cosigns no second one of this name.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// In which network.
    #[must_use]
    pub const fn network(&self) -> NetworkId {
        self.network
    }

    /// Whose.
    #[must_use]
    pub const fn keeper(&self) -> Oin {
        self.keeper
    }

    /// Which period.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// Size and root of the evaluation log at its end.
    #[must_use]
    pub fn end(&self) -> (u64, Root) {
        let Checkpoint { size, root, .. } = *self.signed.checkpoint();
        (size, root)
    }
}
