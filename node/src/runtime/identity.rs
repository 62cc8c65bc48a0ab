//! The secrets that make a node this organisation's: made once, kept as sealed files.

use anyhow::{Context as _, Result};
use crypto::{Seed, SigningKey, VerifyingKey};
use domain::Oin;
use protocol::{Batch, Secret, SecretName, Step, Write};
use store::Store;
use zeroize::Zeroizing;

const ORGANISATION: &str = "organisation";
const NODE: &str = "node";
/// Keys that wait for the roster that names them.
const NEXT_ORGANISATION: &str = "organisation-next";
const NEXT_NODE: &str = "node-next";

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

    /// Names of the files of keys that wait for their roster. A backup holds those that are there: once the roster names
    /// them, a node restored without them would be a stranger too.
    #[must_use]
    pub fn next_names() -> [SecretName; 2] {
        [NEXT_ORGANISATION, NEXT_NODE].map(|name| SecretName::new(name.to_owned()))
    }

    /// The keys that take the place of these as soon as a roster names them; `None` when none were made.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next(store: &Store) -> Result<Option<Self>> {
        let (organisation, node) = (read(store, NEXT_ORGANISATION)?, read(store, NEXT_NODE)?);
        Ok(organisation.zip(node).map(|(organisation, node)| Self { organisation, node }))
    }

    /// Reads the keys that take the place of these, or makes them.
    ///
    /// # Errors
    /// When the store cannot be read or written, or the operating system gives no randomness.
    pub fn make_next(store: &mut Store) -> Result<Self> {
        Ok(Self {
            organisation: read_or_make(store, NEXT_ORGANISATION)?,
            node: read_or_make(store, NEXT_NODE)?,
        })
    }

    /// Puts the next keys in the place of those in use, which are destroyed. After a crash half-way the next keys are
    /// still there, and doing it again finishes it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn replace_by(self, store: &mut Store) -> Result<()> {
        let mut step = Step::default();
        for (name, seed) in [(ORGANISATION, &self.organisation), (NODE, &self.node)] {
            step.write(put(name, seed));
        }
        for name in Self::next_names() {
            step.write(Write::DestroySecret { name });
        }
        let mut batch = Batch::default();
        batch.push(step);
        batch.commit(store)?;
        Ok(())
    }

    /// Whether these are the keys of a member.
    #[must_use]
    pub fn are_of(&self, member: &roster::Member) -> bool {
        member.keys.organisation == self.organisation_key().verifying_key()
            && member.keys.node == self.node_public_key()
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

fn read(store: &Store, name: &str) -> Result<Option<Seed>> {
    let Some(secret) = store.secret(&SecretName::new(name.to_owned()))? else { return Ok(None) };
    let bytes = <[u8; 32]>::try_from(secret.reveal()).context("a key file has the wrong length")?;
    Ok(Some(Seed::from_bytes(bytes)))
}

fn read_or_make(store: &mut Store, name: &str) -> Result<Seed> {
    if let Some(seed) = read(store, name)? {
        return Ok(seed);
    }
    let seed = random_seed()?;
    let mut step = Step::default();
    step.write(put(name, &seed));
    let mut batch = Batch::default();
    batch.push(step);
    batch.commit(store)?;
    Ok(seed)
}

fn put(name: &str, seed: &Seed) -> Write {
    Write::PutSecret { name: SecretName::new(name.to_owned()), secret: Secret::new(seed.reveal().to_vec()) }
}
