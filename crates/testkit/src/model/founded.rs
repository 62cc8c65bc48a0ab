//! Networks whose keys are made, kept so that schedules of the same network need not make them again.

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::{Oin, Timestamp};

use super::keys::watched;
use super::secrets::Secrets;
use crate::{Founding, MemoryDisk, Schedule, Simulation};

/// Networks kept by one thread; beyond that the ceremony is held anew.
const MOST_KEPT: usize = 512;

/// What tells networks apart: members, number, length of an epoch.
type Network = (usize, u64, Option<u64>);

/// Disks of a network right after its ceremonies, and the secrets on them.
struct Kept {
    founding: Founding,
    disks: BTreeMap<Oin, MemoryDisk>,
    now: Timestamp,
    secrets: Secrets,
}

thread_local! {
    static KEPT: RefCell<BTreeMap<Network, Kept>> = const { RefCell::new(BTreeMap::new()) };
}

/// The network of a schedule with its keys made and every node just started, and the secrets of its keys.
///
/// # Errors
/// A secret was in a frame while they were made.
pub(super) fn founded(schedule: &Schedule) -> Result<(Simulation, Secrets), String> {
    let network = (schedule.members, schedule.network, schedule.epochs);
    KEPT.with_borrow_mut(|kept| {
        if let Some(found) = kept.get(&network) {
            let net = Simulation::continued(found.founding.clone(), found.disks.clone(), found.now);
            return Ok((net, found.secrets.clone()));
        }
        let found = made(schedule)?;
        let net = Simulation::continued(found.founding.clone(), found.disks.clone(), found.now);
        let secrets = found.secrets.clone();
        if kept.len() < MOST_KEPT {
            kept.insert(network, found);
        }
        Ok((net, secrets))
    })
}

/// Holds the ceremonies of a network.
fn made(schedule: &Schedule) -> Result<Kept, String> {
    let founding = Founding::planned(&schedule.plan());
    let mut net = Simulation::new(founding.clone());
    let frames = watched(&mut net);
    net.settle();
    let mut secrets = Secrets::default();
    secrets.learn(&net, &[founding.roster.keyholder_section()])?;
    secrets.are_not_in(&frames.borrow(), &net)?;
    let disks = founding.oins().map(|oin| (oin, net.disk(oin).clone())).collect();
    Ok(Kept { founding, disks, now: net.now(), secrets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_of_a_founded_network_is_known() {
        let schedule: Schedule = "members 5\nnetwork 0\nseed 1\nwait 1".parse().expect("a schedule");
        let (_, secrets) = founded(&schedule).expect("keys made in secret");
        let (keyholders, classes) = (usize::from(schedule.plan().keyholders), 2);
        let each = keyholders * classes;
        assert!(keyholders >= 3);
        assert_eq!(secrets.counts().map(|count| count / each), [1, 1, keyholders - 1]);
    }
}
