//! The secrets that make a node this organisation's: made once, kept as sealed files.

use anyhow::{Context as _, Result};
use crypto::{Seed, SigningKey, VerifyingKey};
use domain::Oin;
use protocol::{Batch, Secret, SecretName, Step, Write};
use store::Store;
use zeroize::Zeroizing;

const ORGANISATION: &str = "organisation";
const NODE: &str = "node";

/// Seeds of the organisation's signing key and of the node's transport key.
pub struct NodeSecrets {
    organisation: Seed,
    node: Seed,
}

/// An organisation with its secrets.
pub struct NodeIdentity {
    /// The organisation.
    pub oin: Oin,
    /// Its secrets.
    pub secrets: NodeSecrets,
}

impl NodeSecrets {
    /// Reads the secrets from the store, or makes them and keeps them there.
    ///
    /// # Errors
    /// When the store cannot be read or written, or the operating system gives no randomness.
    pub fn of(store: &mut Store) -> Result<Self> {
        Ok(Self { organisation: read_or_make(store, ORGANISATION)?, node: read_or_make(store, NODE)? })
    }

    /// Names of their files, which a backup holds. A node restored without them would be a stranger.
    #[must_use]
    pub fn names() -> [SecretName; 2] {
        [ORGANISATION, NODE].map(|name| SecretName::new(name.to_owned()))
    }

    /// Signs the organisation's documents.
    #[must_use]
    pub fn organisation_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.organisation)
    }

    /// The seed of the transport key.
    #[must_use]
    pub fn node_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.node.reveal())
    }

    /// The public transport key.
    #[must_use]
    pub fn node_public_key(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(network::node_public_key(self.node.reveal()))
    }
}

/// A seed from the operating system.
///
/// # Errors
/// When it gives no randomness.
pub fn random_seed() -> Result<Seed> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).context("the operating system gives no randomness")?;
    Ok(Seed::from_bytes(*bytes))
}

fn read_or_make(store: &mut Store, name: &str) -> Result<Seed> {
    let name = SecretName::new(name.to_owned());
    if let Some(secret) = store.secret(&name)? {
        let bytes = <[u8; 32]>::try_from(secret.reveal()).context("a key file has the wrong length")?;
        return Ok(Seed::from_bytes(bytes));
    }
    let seed = random_seed()?;
    let mut step = Step::default();
    step.write(Write::PutSecret { name, secret: Secret::new(seed.reveal().to_vec()) });
    let mut batch = Batch::default();
    batch.push(step);
    batch.commit(store)?;
    Ok(seed)
}
