//! Networks whose keys are made, kept so that schedules of the same network need not make them again.

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::{Oin, Timestamp};

use crate::{Founding, MemoryDisk, Plan, Simulation};

/// Networks kept by one thread; beyond that the ceremony is held anew.
const MOST_KEPT: usize = 256;

/// Disks of a network right after its ceremonies.
struct Kept {
    founding: Founding,
    disks: BTreeMap<Oin, MemoryDisk>,
    now: Timestamp,
}

thread_local! {
    static KEPT: RefCell<BTreeMap<(usize, u64), Kept>> = const { RefCell::new(BTreeMap::new()) };
}

/// The network with that number of members and that number, with its keys made and every node just started.
pub(super) fn founded(members: usize, network: u64) -> Simulation {
    KEPT.with_borrow_mut(|kept| {
        if let Some(found) = kept.get(&(members, network)) {
            return Simulation::continued(found.founding.clone(), found.disks.clone(), found.now);
        }
        let founding = Founding::planned(&Plan::numbered(members, network));
        let mut net = Simulation::new(founding.clone());
        net.settle();
        let disks = founding.oins().map(|oin| (oin, net.disk(oin).clone())).collect();
        let now = net.now();
        if kept.len() < MOST_KEPT {
            kept.insert((members, network), Kept { founding: founding.clone(), disks, now });
            let disks = kept.get(&(members, network)).map(|found| found.disks.clone()).unwrap_or_default();
            return Simulation::continued(founding, disks, now);
        }
        Simulation::continued(founding, disks, now)
    })
}
