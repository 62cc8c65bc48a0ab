//! The secrets that make a node this organisation's: made once, kept as sealed files.

use anyhow::{Context as _, Result};
use crypto::{Seed, SigningKey, VerifyingKey};
use domain::Oin;
use protocol::{Batch, Secret, SecretName, Step, Write};
use roster::MemberKeys;
use store::Store;
use zeroize::Zeroizing;

const ORGANISATION: &str = "organisation";
const NODE: &str = "node";
const LOG: &str = "log";
const COSIGNATURE: &str = "cosignature";
/// Keys that wait for the roster that names them.
const NEXT_ORGANISATION: &str = "organisation-next";
const NEXT_NODE: &str = "node-next";
const NEXT_LOG: &str = "log-next";
const NEXT_COSIGNATURE: &str = "cosignature-next";

/// Seeds of the keys that sign the organisation's documents, secure the node's transport, sign the checkpoints of its
/// logs and cosign those of others.
pub struct NodeSecrets {
    organisation: Seed,
    node: Seed,
    log: Seed,
    cosignature: Seed,
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
        read_or_make_all(store, [ORGANISATION, NODE, LOG, COSIGNATURE])
    }

    /// The key that signs the checkpoints of the logs, as it lies in a folder.
    ///
    /// # Errors
    /// When the store cannot be read, or has no such key.
    pub(crate) fn log_key_in(store: &Store) -> Result<SigningKey> {
        let seed = read(store, LOG)?;
        let seed = seed.context("the key of the log is missing from the data folder; restart the node")?;
        Ok(SigningKey::from_seed(&seed))
    }

    /// Names of files that every backup holds. A node restored without them would be a stranger.
    #[must_use]
    pub fn names() -> [SecretName; 2] {
        [ORGANISATION, NODE].map(|name| SecretName::new(name.to_owned()))
    }

    /// Names of the files of keys that a backup holds where they are there: those of logs, which a data folder gets the
    /// first time that it is opened by a program that keeps logs, and keys that wait for their roster. Once the roster
    /// names them, a node restored without them would be a stranger too.
    #[must_use]
    pub fn names_if_there() -> [SecretName; 6] {
        [LOG, COSIGNATURE, NEXT_ORGANISATION, NEXT_NODE, NEXT_LOG, NEXT_COSIGNATURE]
            .map(|name| SecretName::new(name.to_owned()))
    }

    /// The keys that take the place of these as soon as a roster names them; `None` when none were made.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next(store: &Store) -> Result<Option<Self>> {
        let (organisation, node) = (read(store, NEXT_ORGANISATION)?, read(store, NEXT_NODE)?);
        let (log, cosignature) = (read(store, NEXT_LOG)?, read(store, NEXT_COSIGNATURE)?);
        let all = organisation.zip(node).zip(log.zip(cosignature));
        Ok(all.map(|((organisation, node), (log, cosignature))| Self {
            organisation,
            node,
            log,
            cosignature,
        }))
    }

    /// Reads the keys that take the place of these, or makes them.
    ///
    /// # Errors
    /// When the store cannot be read or written, or the operating system gives no randomness.
    pub fn make_next(store: &mut Store) -> Result<Self> {
        read_or_make_all(store, [NEXT_ORGANISATION, NEXT_NODE, NEXT_LOG, NEXT_COSIGNATURE])
    }

    /// Puts the next keys in the place of those in use, which are destroyed. After a crash half-way the next keys are
    /// still there, and doing it again finishes it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn replace_by(self, store: &mut Store) -> Result<()> {
        let mut step = Step::default();
        for (name, next, seed) in [
            (ORGANISATION, NEXT_ORGANISATION, &self.organisation),
            (NODE, NEXT_NODE, &self.node),
            (LOG, NEXT_LOG, &self.log),
            (COSIGNATURE, NEXT_COSIGNATURE, &self.cosignature),
        ] {
            step.write(put(name, seed));
            step.write(Write::DestroySecret { name: SecretName::new(next.to_owned()) });
        }
        let mut batch = Batch::default();
        batch.push(step);
        batch.commit(store)?;
        Ok(())
    }

    /// Whether these are the keys of a member. A roster may not name the keys of logs yet.
    #[must_use]
    pub fn are_of(&self, member: &roster::Member) -> bool {
        let (own, listed) = (self.member_keys(), &member.keys);
        own.organisation == listed.organisation
            && own.node == listed.node
            && (listed.log.is_none() || listed.log == own.log)
            && (listed.cosignature.is_none() || listed.cosignature == own.cosignature)
    }

    /// The public halves, as a roster lists them.
    #[must_use]
    pub fn member_keys(&self) -> MemberKeys {
        MemberKeys {
            log: Some(self.log_key().verifying_key()),
            cosignature: Some(self.cosignature_key().verifying_key()),
            ..MemberKeys::new(self.organisation_key().verifying_key(), self.node_public_key())
        }
    }

    /// Signs the organisation's documents.
    #[must_use]
    pub fn organisation_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.organisation)
    }

    /// Signs the checkpoints of the organisation's logs.
    #[must_use]
    pub fn log_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.log)
    }

    /// Cosigns the checkpoints of others' logs.
    #[must_use]
    pub fn cosignature_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.cosignature)
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

fn read_or_make_all(store: &mut Store, names: [&str; 4]) -> Result<NodeSecrets> {
    let [organisation, node, log, cosignature] = names;
    Ok(NodeSecrets {
        organisation: read_or_make(store, organisation)?,
        node: read_or_make(store, node)?,
        log: read_or_make(store, log)?,
        cosignature: read_or_make(store, cosignature)?,
    })
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
