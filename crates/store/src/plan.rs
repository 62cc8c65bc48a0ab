//! What one commit will do: bounds checked, and of several changes to one thing only the last.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Collection, Scope, Secret, SecretName, Write};

use crate::{StoreError, secrets};

/// Most changes in one commit: with larger batches the engine's memory grows without bound.
pub const MAX_WRITES: usize = 200;
/// Longest value of a record, in bytes.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;
/// Longest key of a record, in bytes: keys are made of identifiers, digests and numbers.
pub const MAX_KEY_BYTES: usize = 512;
/// Longest secret, in bytes: the packages of a ceremony with a few hundred keyholders.
pub const MAX_SECRET_BYTES: usize = 1024 * 1024;

/// Checked changes. `None` removes.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) records: BTreeMap<(Scope, Collection, Vec<u8>), Option<Vec<u8>>>,
    pub(crate) secrets: BTreeMap<SecretName, Option<Secret>>,
    /// Epochs and months to forget; no record of them is among the others.
    pub(crate) forget: BTreeSet<Scope>,
}

impl Plan {
    pub(crate) fn new(writes: Vec<Write>) -> Result<Self, StoreError> {
        check_len(writes.len())?;
        let mut plan = Self::default();
        for write in writes {
            match write {
                Write::Put { scope, collection, key, value } => {
                    check_bytes("key", collection, key.len(), MAX_KEY_BYTES)?;
                    check_bytes("value", collection, value.len(), MAX_VALUE_BYTES)?;
                    if plan.forget.contains(&scope) {
                        return Err(StoreError::Forgotten { scope });
                    }
                    plan.records.insert((scope, collection, key), Some(value));
                }
                Write::Delete { scope, collection, key } => {
                    check_bytes("key", collection, key.len(), MAX_KEY_BYTES)?;
                    plan.records.insert((scope, collection, key), None);
                }
                Write::Forget { scope: Scope::Lasting } => return Err(StoreError::ForgetsLasting),
                Write::Forget { scope: forgotten } => {
                    plan.records.retain(|(scope, ..), _| *scope != forgotten);
                    plan.forget.insert(forgotten);
                }
                Write::PutSecret { name, secret } => {
                    check_secret(&name, secret.reveal().len())?;
                    plan.secrets.insert(name, Some(secret));
                }
                Write::DestroySecret { name } => {
                    check_secret(&name, 0)?;
                    plan.secrets.insert(name, None);
                }
            }
        }
        Ok(plan)
    }

    /// Epochs and months that records are put into.
    pub(crate) fn scopes_put_into(&self) -> BTreeSet<Scope> {
        let puts = self.records.iter().filter(|(_, value)| value.is_some());
        puts.map(|((scope, ..), _)| *scope).filter(|scope| *scope != Scope::Lasting).collect()
    }
}

pub(crate) fn check_len(writes: usize) -> Result<(), StoreError> {
    if writes > MAX_WRITES {
        return Err(StoreError::StepTooLarge { writes, limit: MAX_WRITES });
    }
    Ok(())
}

fn check_bytes(
    part: &'static str,
    collection: Collection,
    bytes: usize,
    limit: usize,
) -> Result<(), StoreError> {
    if bytes > limit {
        return Err(StoreError::RecordTooLarge { part, collection, bytes, limit });
    }
    Ok(())
}

fn check_secret(name: &SecretName, bytes: usize) -> Result<(), StoreError> {
    if secrets::is_reserved(name.as_str()) {
        return Err(StoreError::ReservedName { name: name.as_str().to_owned() });
    }
    if bytes > MAX_SECRET_BYTES {
        let name = name.as_str().to_owned();
        return Err(StoreError::SecretTooLarge { name, bytes, limit: MAX_SECRET_BYTES });
    }
    Ok(())
}
