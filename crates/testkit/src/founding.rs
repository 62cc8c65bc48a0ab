//! Founds a test network: members with keys made from their number, circles, a genesis roster.

use audit::Retention;
use crypto::{Digest, Seed, SigningKey};
use domain::{CircleId, Oin, Sector, Timestamp};
use index::UnitMatrix;
use protocol::NodeConfig;
use roster::{
    Accountability, Circle, EpochRules, Governors, Institution, KeyholderRecord, LegalBasis, LegalBasisText,
    Member, MemberKeys, OpenPair, RosterChain, RosterContent, Rules, SignedRoster, VerifiedRoster, genesis,
};

use crate::{BASES, CirclePlan, MemberPlan, Plan};

/// The heartbeat of test networks, in seconds.
pub(crate) const HEARTBEAT_SECONDS: u32 = 60;

/// When every test network starts.
pub const START: Timestamp = Timestamp(1_795_000_000);

/// A founded test network.
#[derive(Debug, Clone)]
pub struct Founding {
    /// The genesis roster.
    pub roster: VerifiedRoster,
    chain: RosterChain,
    content: RosterContent,
    /// The only circle, or the first.
    pub circle: CircleId,
    members: usize,
}

impl Founding {
    /// Members as planned, the first `keyholders` of them holding keys, sectors open to each other as listed
    /// (publisher, reader). The legal basis `test` holds.
    ///
    /// # Panics
    /// On a plan that makes no valid roster.
    #[must_use]
    pub fn new(
        members: &[MemberPlan],
        keyholders: u16,
        threshold: u16,
        open: &[(&'static str, &'static str)],
    ) -> Self {
        let circles = vec![CirclePlan { bases: vec!["test"], open: open.to_vec() }];
        let members = members.to_vec();
        let plan = Plan { circles, members, keyholders, threshold, ..Plan::uniform(0) };
        Self::planned(&plan)
    }

    /// A network as planned.
    ///
    /// # Panics
    /// On a plan that makes no valid roster.
    #[must_use]
    pub fn planned(plan: &Plan) -> Self {
        Self::found(plan, Vec::new())
    }

    fn found(plan: &Plan, institutions: Vec<Institution>) -> Self {
        let sector = |text: &str| text.parse::<Sector>().expect("a test's sector");
        let code = |text: &str| text.parse::<domain::LegalBasisCode>().expect("a test's code");
        let governor = signing_key(0);
        let circle = |(number, circle): (usize, &CirclePlan)| Circle {
            id: Plan::circle_id(number),
            name: "test".to_owned(),
            purpose: "test".to_owned(),
            legal_bases: circle.bases.iter().map(|basis| LegalBasisText(code(basis))).collect(),
            open: circle
                .open
                .iter()
                .map(|(publisher, reader)| OpenPair::new(sector(publisher), sector(reader)))
                .collect(),
            trial: false,
        };
        let used = |basis: &&&'static str| plan.circles.iter().any(|circle| circle.bases.contains(*basis));
        let content = RosterContent {
            name: "test".to_owned(),
            test_network: true,
            rules: Rules {
                epoch: EpochRules::starting(START.0, plan.epoch_seconds),
                publish_interval_seconds: plan.interval_seconds,
                heartbeat_seconds: HEARTBEAT_SECONDS,
                ceremony_deadline_seconds: 30,
                live_tags: Rules::LIVE_TAGS,
                // Often, so that every run of some length goes over several.
                segments_per_snapshot: 8,
                notice_seconds: 0,
            },
            circles: plan.circles.iter().enumerate().map(circle).collect(),
            legal_bases: BASES
                .iter()
                .filter(used)
                .map(|basis| LegalBasis {
                    code: code(basis),
                    article: "test".to_owned(),
                    avg6: "6.1.e".to_owned(),
                    avg9: None,
                    secrecy: None,
                    consent_required: false,
                    valid_until: None,
                })
                .collect(),
            threshold: plan.threshold,
            keyholders: (1..=plan.keyholders)
                .map(|index| KeyholderRecord { index, oin: Self::oin(usize::from(index)) })
                .collect(),
            members: plan
                .members
                .iter()
                .zip(1..)
                .map(|(member, number)| Member {
                    oin: Self::oin(number),
                    name: format!("member {number}"),
                    sector: sector(member.sector),
                    working_area: "test".to_owned(),
                    bsn_entitled: member.bsn_entitled,
                    keys: MemberKeys {
                        log: Some(Self::log_key(Self::oin(number)).verifying_key()),
                        cosignature: Some(Self::cosignature_key(Self::oin(number)).verifying_key()),
                        ..MemberKeys::new(
                            signing_key(number).verifying_key(),
                            signing_key(1_000_000 + number).verifying_key(),
                        )
                    },
                    addresses: Vec::new(),
                    contact_point: "test".to_owned(),
                    relay: false,
                })
                .collect(),
            governors: Governors { threshold: 1, keys: vec![governor.verifying_key()] },
            institutions,
            accountability: Accountability::default(),
        };
        let (signed, roster) = genesis(content.clone(), &[&governor]).expect("a valid test network");
        let chain = RosterChain::found(signed, None).expect("just made");
        Self { roster, chain, content, circle: Plan::circle_id(0), members: plan.members.len() }
    }

    /// The same network founded with an institution at this address, which is another network.
    ///
    /// # Panics
    /// On an address that makes no valid roster.
    #[must_use]
    pub fn with_institution(members: usize, postcode: &str, number: u32) -> Self {
        let institution = Institution { postcode: postcode.to_owned(), number, letter: None, addition: None };
        Self::found(&Plan::uniform(members), vec![institution])
    }

    /// The same network founded with other rules, which is another network.
    ///
    /// # Panics
    /// On rules that make no valid roster.
    #[must_use]
    pub fn with_rules(&self, change: impl FnOnce(&mut Rules)) -> Self {
        self.refounded(|content| change(&mut content.rules))
    }

    /// The same network founded with these witnesses, quotas and grants: another network.
    ///
    /// # Panics
    /// On a part that makes no valid roster.
    #[must_use]
    pub fn with_accountability(&self, accountability: Accountability) -> Self {
        self.refounded(|content| content.accountability = accountability)
    }

    /// The same network founded with something else, which is another network.
    ///
    /// # Panics
    /// On content that makes no valid roster.
    #[must_use]
    pub fn refounded(&self, change: impl FnOnce(&mut RosterContent)) -> Self {
        let mut content = self.content.clone();
        change(&mut content);
        let (signed, roster) = genesis(content.clone(), &[&signing_key(0)]).expect("a valid test network");
        let chain = RosterChain::found(signed, None).expect("just made");
        Self { roster, chain, content, circle: self.circle, members: self.members }
    }

    /// Every segment of a feed stays: no full set takes the place of what came before it.
    #[must_use]
    pub fn without_full_sets(&self) -> Self {
        self.with_rules(|rules| rules.segments_per_snapshot = u32::MAX)
    }

    /// `members` entitled members of one sector that is open to itself; the first three hold keys, two suffice.
    #[must_use]
    pub fn uniform(members: usize) -> Self {
        Self::planned(&Plan::uniform(members))
    }

    /// `members` members in sectors of `per_sector`, each open to itself and to the next: nobody reads more than twice
    /// that many. The first three hold keys, two suffice.
    ///
    /// # Panics
    /// On numbers that make no valid roster.
    #[must_use]
    pub fn region(members: usize, per_sector: usize) -> Self {
        let uniform = Self::uniform(members);
        let sectors = members.div_ceil(per_sector);
        let sector =
            |number: usize| -> Sector { format!("sector-{}", number % sectors).parse().expect("a code") };
        let mut content = uniform.content.clone();
        for (member, place) in content.members.iter_mut().zip(0..) {
            member.sector = sector(place / per_sector);
        }
        let pair = |publisher, reader| OpenPair::new(sector(publisher), sector(reader));
        for circle in &mut content.circles {
            circle.open = (0..sectors).flat_map(|at| [pair(at, at), pair(at, at + 1)]).collect();
        }
        content.rules.publish_interval_seconds = 10;
        let (signed, roster) = genesis(content.clone(), &[&signing_key(0)]).expect("a valid test network");
        let chain = RosterChain::found(signed, None).expect("just made");
        Self { roster, chain, content, ..uniform }
    }

    /// The version after `held`: the content of genesis, changed, signed by the governor.
    #[must_use]
    pub fn next(&self, held: &VerifiedRoster, change: impl FnOnce(&mut RosterContent)) -> SignedRoster {
        let mut content = self.content.clone();
        change(&mut content);
        SignedRoster::next(held, content, &[&signing_key(0)])
    }

    /// The chain of rosters that every node begins with.
    #[must_use]
    pub fn chain(&self) -> &RosterChain {
        &self.chain
    }

    /// What the governors signed in genesis.
    #[must_use]
    pub fn content(&self) -> &RosterContent {
        &self.content
    }

    /// The version after `held` with this content, signed by the governor.
    #[must_use]
    pub fn version_after(held: &VerifiedRoster, content: RosterContent) -> SignedRoster {
        SignedRoster::next(held, content, &[&signing_key(0)])
    }

    /// The same, deciding between rosters of one version.
    #[must_use]
    pub fn version_resolving(
        held: &VerifiedRoster,
        content: RosterContent,
        resolves: &[Digest],
    ) -> SignedRoster {
        SignedRoster::resolving(held, content, resolves, &[&signing_key(0)])
    }

    /// OIN of the member with this number, from 1.
    ///
    /// # Panics
    /// Never for numbers that a test uses.
    #[must_use]
    pub fn oin(number: usize) -> Oin {
        Oin::test_number(number as u64).expect("a small number")
    }

    /// OINs of all members.
    pub fn oins(&self) -> impl Iterator<Item = Oin> + use<> {
        (1..=self.members).map(Self::oin)
    }

    /// The organisation key of a member.
    #[must_use]
    pub fn organisation_key(oin: Oin) -> SigningKey {
        signing_key(number_of(oin))
    }

    /// The key that signs the checkpoints of a member's logs.
    #[must_use]
    pub fn log_key(oin: Oin) -> SigningKey {
        signing_key(2_000_000 + number_of(oin))
    }

    /// The key with which a member cosigns checkpoints of others.
    #[must_use]
    pub fn cosignature_key(oin: Oin) -> SigningKey {
        signing_key(3_000_000 + number_of(oin))
    }

    /// Configuration of a member's node; `run` makes the randomness of each run another.
    #[must_use]
    pub fn config(&self, oin: Oin, run: u64) -> NodeConfig {
        NodeConfig {
            oin,
            organisation_key: Self::organisation_key(oin),
            log_key: Self::log_key(oin),
            cosignature_key: Self::cosignature_key(oin),
            chain: self.chain.clone(),
            seed: Seed::from_bytes([9; 32]).derive(oin.as_str(), run),
            units: UnitMatrix::default(),
            configuration: Digest::from_bytes([0; 32]),
            retention: Retention::default(),
            inform_within_days: 28,
            hear_before_signing: true,
        }
    }
}

fn number_of(oin: Oin) -> usize {
    oin.as_str().trim_start_matches("00000099").trim_start_matches('0').parse().unwrap_or(0)
}

fn signing_key(number: usize) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([5; 32]).derive("test key", number as u64))
}
