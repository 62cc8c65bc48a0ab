//! What one commit will do: bounds checked, and of several changes to one thing only the last.

use std::collections::BTreeMap;

use protocol::{Collection, Secret, SecretName, Write};

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
    pub(crate) records: BTreeMap<(Collection, Vec<u8>), Option<Vec<u8>>>,
    pub(crate) secrets: BTreeMap<SecretName, Option<Secret>>,
}

impl Plan {
    pub(crate) fn new(writes: Vec<Write>) -> Result<Self, StoreError> {
        check_len(writes.len())?;
        let mut plan = Self::default();
        for write in writes {
            match write {
                Write::Put { collection, key, value } => {
                    check_bytes("key", collection, key.len(), MAX_KEY_BYTES)?;
                    check_bytes("value", collection, value.len(), MAX_VALUE_BYTES)?;
                    plan.records.insert((collection, key), Some(value));
                }
                Write::Delete { collection, key } => {
                    check_bytes("key", collection, key.len(), MAX_KEY_BYTES)?;
                    plan.records.insert((collection, key), None);
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
    if name.as_str() == secrets::DATA_KEY {
        return Err(StoreError::ReservedName { name: name.as_str().to_owned() });
    }
    if bytes > MAX_SECRET_BYTES {
        let name = name.as_str().to_owned();
        return Err(StoreError::SecretTooLarge { name, bytes, limit: MAX_SECRET_BYTES });
    }
    Ok(())
}
