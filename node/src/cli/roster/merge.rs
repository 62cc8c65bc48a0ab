//! Joining the signatures of governors who signed copies of one draft.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use roster::Fingerprint;

use super::{MergeArguments, sign, source};
use crate::governance::{read_roster, write_new};

pub(super) fn merge(given: &MergeArguments) -> Result<String> {
    let Some((first, others)) = given.drafts.split_first() else { bail!("name the copies to be merged") };
    let mut merged = read_roster(first)?;
    merged.claimed().with_context(|| format!("{} was refused", first.display()))?;
    let mut told = String::new();
    for path in others {
        let other = read_roster(path)?;
        let fresh = merged.merge(&other).with_context(|| {
            format!("{} cannot be merged with {}; nothing was written", path.display(), first.display())
        })?;
        for governor in fresh {
            // Writing to memory does not fail.
            let _never = writeln!(
                told,
                "From {}: the signature of the key {}",
                path.display(),
                Fingerprint::of_governor(&governor)
            );
        }
    }
    let claimed = merged.claimed()?;
    let current = given.roster.as_deref().map(source::in_force).transpose()?;
    let office = sign::office(&claimed, current.as_ref())?;
    write_new(&given.out, &merged.to_wire(), false)?;
    told.push_str(&sign::standing(&claimed, office, &given.out));
    Ok(told)
}
