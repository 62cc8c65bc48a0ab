//! Founding the demonstration's network: nodes that listen, a genesis roster that names them, nodes at work.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result};
use crypto::SigningKey;
use domain::{CircleId, Oin, Timestamp};
use roster::{
    Accountability, Circle, EpochRules, Governors, KeyholderRecord, LegalBasisText, Member, OinBytes,
    OpenPair, RosterChain, RosterContent, Rules, Witnesses, genesis,
};
use store::StorageSecret;

use super::DemoPlan;
use crate::runtime::{Prepared, RunningNode, now, random_seed};

/// Seconds between two segments of a feed: short, so that a visitor sees the result soon. Everybody hears of
/// everybody's segments, so in a large demonstration, all on one machine, they come further apart.
fn publish_interval_seconds(organisations: usize) -> u32 {
    u32::try_from(organisations * organisations / 150).unwrap_or(u32::MAX).clamp(2, 600)
}

/// Intervals after which a silent node counts as stale.
const HEARTBEAT_INTERVALS: u32 = 30;

/// Seconds in which the key ceremony should be complete, also when every node of a large demonstration starts at
/// once on two cores.
const CEREMONY_DEADLINE_SECONDS: u32 = 120;

/// Length of the only epoch.
const EPOCH_SECONDS: u64 = 90 * 86_400;

/// The nodes of a demonstration, in the order of the plan's organisations.
pub struct DemoNetwork {
    /// The nodes at work.
    pub nodes: Vec<RunningNode>,
}

impl DemoNetwork {
    /// Starts a node for every organisation, with a data folder of its own under `folder`, and has each register
    /// its signals.
    ///
    /// # Errors
    /// When a data folder or port cannot be opened, or the plan makes no valid roster.
    pub async fn found(plan: &DemoPlan, folder: &Path) -> Result<Self> {
        let mut prepared = Vec::new();
        for organisation in &plan.organisations {
            let folder = folder.join(&organisation.file);
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let secret = StorageSecret::from_bytes(*random_seed()?.reveal());
            let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let node = Prepared::open(organisation.oin, &folder, &secret, listen)
                .await
                .with_context(|| format!("cannot start the node of {}", organisation.name))?;
            prepared.push(node);
        }
        let governor = SigningKey::from_seed(&random_seed()?);
        let content = content(plan, &prepared, &governor, now())?;
        let (signed, _) =
            genesis(content, &[&governor]).context("the network's description makes no roster")?;
        let chain = RosterChain::found(signed, None)?;
        let mut nodes = Vec::new();
        for (node, organisation) in prepared.into_iter().zip(&plan.organisations) {
            nodes.push(node.start(chain.clone(), organisation.signals.clone()).await?);
        }
        Ok(Self { nodes })
    }

    /// Stops every node.
    ///
    /// # Errors
    /// When a node's disk refused something.
    pub async fn stop(self) -> Result<()> {
        for node in self.nodes {
            node.stop().await?;
        }
        Ok(())
    }
}

fn content(
    plan: &DemoPlan,
    nodes: &[Prepared],
    governor: &SigningKey,
    now: Timestamp,
) -> Result<RosterContent> {
    let members = plan.organisations.iter().zip(nodes).map(|(organisation, node)| Member {
        oin: organisation.oin,
        name: organisation.name.clone(),
        sector: organisation.sector.clone(),
        working_area: organisation.working_area.clone(),
        bsn_entitled: organisation.bsn_entitled,
        keys: node.identity().secrets.member_keys(),
        addresses: node.addresses().iter().map(ToString::to_string).collect(),
        contact_point: organisation.contact_point.clone(),
        relay: false,
    });
    let holders: Vec<Oin> =
        plan.keyholders.iter().filter_map(|place| Some(plan.organisations.get(*place)?.oin)).collect();
    let mut circles = Vec::new();
    for circle in &plan.circles {
        let seed = random_seed()?;
        let mut id = [0; 16];
        id.copy_from_slice(seed.reveal().split_at(16).0);
        circles.push(Circle {
            id: CircleId::from_bytes(id),
            name: circle.name.clone(),
            purpose: circle.purpose.clone(),
            legal_bases: circle.legal_bases.iter().cloned().map(LegalBasisText).collect(),
            open: circle
                .open
                .iter()
                .map(|(publisher, reader)| OpenPair::new(publisher.clone(), reader.clone()))
                .collect(),
            trial: false,
        });
    }
    let interval = publish_interval_seconds(nodes.len());
    // The same that hold keys: two at least, and all of them must cosign.
    let witnesses = Witnesses {
        needed: u16::try_from(holders.len()).context("more witnesses than any network has")?,
        members: holders.iter().copied().map(OinBytes).collect(),
    };
    Ok(RosterContent {
        name: plan.name.clone(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules::starting(now.0, EPOCH_SECONDS),
            publish_interval_seconds: interval,
            heartbeat_seconds: interval * HEARTBEAT_INTERVALS,
            ceremony_deadline_seconds: CEREMONY_DEADLINE_SECONDS,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 0,
        },
        circles,
        legal_bases: plan.legal_bases.clone(),
        threshold: plan.threshold,
        keyholders: holders.into_iter().zip(1..).map(|(oin, index)| KeyholderRecord { index, oin }).collect(),
        members: members.collect(),
        governors: Governors { threshold: 1, keys: vec![governor.verifying_key()] },
        institutions: plan.institutions.clone(),
        accountability: Accountability { witnesses, ..Accountability::default() },
    })
}
