//! Networks whose keys are made, kept so that schedules of the same network need not make them again.

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::{Oin, Timestamp};

use crate::{Founding, MemoryDisk, Schedule, Simulation};

/// Networks kept by one thread; beyond that the ceremony is held anew.
const MOST_KEPT: usize = 512;

/// What tells networks apart: members, number, length of an epoch.
type Network = (usize, u64, Option<u64>);

/// Disks of a network right after its ceremonies.
struct Kept {
    founding: Founding,
    disks: BTreeMap<Oin, MemoryDisk>,
    now: Timestamp,
}

thread_local! {
    static KEPT: RefCell<BTreeMap<Network, Kept>> = const { RefCell::new(BTreeMap::new()) };
}

/// The network of a schedule with its keys made and every node just started.
pub(super) fn founded(schedule: &Schedule) -> Simulation {
    let network = (schedule.members, schedule.network, schedule.epochs);
    KEPT.with_borrow_mut(|kept| {
        if let Some(found) = kept.get(&network) {
            return Simulation::continued(found.founding.clone(), found.disks.clone(), found.now);
        }
        let founding = Founding::planned(&schedule.plan());
        let mut net = Simulation::new(founding.clone());
        net.settle();
        let disks = founding.oins().map(|oin| (oin, net.disk(oin).clone())).collect();
        let now = net.now();
        if kept.len() < MOST_KEPT {
            kept.insert(network, Kept { founding: founding.clone(), disks, now });
            let disks = kept.get(&network).map(|found| found.disks.clone()).unwrap_or_default();
            return Simulation::continued(founding, disks, now);
        }
        Simulation::continued(founding, disks, now)
    })
}
