//! A node as a state machine. It only routes: input and time go to the machine they are for, and what the machines
//! have for each other is passed on until everything has settled.

use std::collections::BTreeSet;

use ::roster::{Crossing, FirstSight, RosterChain, VerifiedRoster};
use audit::{ActorRole, Event, Retention};
use crypto::{Digest, Seed, SeedSequence, SigningKey};
use domain::{Epoch, FamilyRef, KeyClass, Oin, Timestamp};
use index::UnitMatrix;
use linkage::LinkageKey;

use crate::ceremony::CeremonyKeeper;
use crate::effects::{Context, Effects, Identity, Requests};
use crate::epochs::{ClockAgreement, Epochs};
use crate::evaluation::{self, Carriers, EvaluationClient, EvaluationRefusal, HeldLogs, OwnLog};
use crate::families::{Families, Neighbours, asked};
use crate::feed::{Arrived, FeedKeeper, SKEW_SECONDS, Start};
use crate::log::{Happening, LogHead, MainLog};
use crate::record::{forgotten_key, forgotten_record, last_forgotten};
use crate::roster::{Adopted, RosterKeeper};
use crate::witness::Witnesses;
use crate::{
    Answer, Collection, Command, Conversation, Input, NextEpoch, Outbound, Refused, Reply, Scope, Secret,
    SecretName, Status, Step,
};

/// What a node needs to start.
pub struct NodeConfig {
    /// The organisation.
    pub oin: Oin,
    /// Signs its documents.
    pub organisation_key: SigningKey,
    /// Signs the checkpoints of its logs.
    pub log_key: SigningKey,
    /// Cosigns those of others.
    pub cosignature_key: SigningKey,
    /// The rosters held.
    pub chain: RosterChain,
    /// Source of all randomness of this run; never used twice.
    pub seed: Seed,
    /// Which of its units see which.
    pub units: UnitMatrix,
    /// SHA-256 over its configuration, for the log.
    pub configuration: Digest,
    /// How long what is logged can be read.
    pub retention: Retention,
    /// Days within which every person of a family is told that a signal is registered.
    pub inform_within_days: u16,
    /// Whether others are asked what this node published before it signs more. Always, but in tests of what happens
    /// without.
    pub hear_before_signing: bool,
}

/// What was kept on disk by an earlier run, beside [`Bodies`].
#[derive(Default)]
pub struct Kept {
    /// Records as collection, scope and value, each collection in order of its keys.
    pub records: Vec<(Collection, Scope, Vec<u8>)>,
    /// Secret files.
    pub secrets: Vec<(SecretName, Secret)>,
}

/// The bodies of feeds that an earlier run kept on disk: most of what it kept, so they are read one by one.
pub trait Bodies {
    /// Those there are, in any order.
    fn names(&self) -> Vec<(Epoch, Digest)>;

    /// The bytes of one, where they can be read. A disk that cannot be read is for whoever starts the node to notice,
    /// before the node says anything.
    fn body(&self, epoch: Epoch, digest: &Digest) -> Option<Vec<u8>>;
}

impl Kept {
    /// Takes out what is kept in a collection: whatever is taken up is not held twice.
    pub(crate) fn take(&mut self, wanted: Collection) -> Vec<Vec<u8>> {
        self.taken(wanted).map(|(_, _, value)| value).collect()
    }

    fn taken(&mut self, wanted: Collection) -> impl Iterator<Item = (Collection, Scope, Vec<u8>)> {
        self.records.extract_if(.., move |(collection, _, _)| *collection == wanted)
    }

    /// The epochs of which something is kept.
    fn epochs(&self) -> BTreeSet<Epoch> {
        let scopes = self.records.iter().map(|(_, scope, _)| scope);
        scopes
            .filter_map(|scope| match scope {
                Scope::Epoch(epoch) => Some(*epoch),
                Scope::Lasting | Scope::Month(_) => None,
            })
            .collect()
    }
}

/// The state machine of one organisation's node.
pub struct Node {
    identity: Identity,
    chain: RosterChain,
    epochs: Epochs,
    agreement: ClockAgreement,
    /// When the last input came.
    latest: Timestamp,
    seeds: SeedSequence,
    connected: BTreeSet<Oin>,
    requests: Requests,
    refused: Refused,
    log: MainLog,
    /// SHA-256 over the configuration that this run was started with.
    configuration: Digest,
    /// Whether the data folder was made of a backup since the last run.
    restored: bool,
    /// Whether the first input has come, with which the last run's unfinished work is taken up.
    resumed: bool,
    machines: Machines,
}

/// One machine for each conversation, and the families they serve.
struct Machines {
    ceremonies: CeremonyKeeper,
    client: EvaluationClient,
    /// The evaluation logs of others, as a keyholder holds them.
    logs: HeldLogs,
    feeds: FeedKeeper,
    families: Families,
    rosters: RosterKeeper,
    witnesses: Witnesses,
}

/// Borrows the parts of a node that every machine sees, beside the machines themselves.
macro_rules! context {
    ($node:ident, $now:expr, $role:expr) => {
        (
            Context {
                now: $now,
                epochs: &$node.epochs,
                clock_agrees: $node.agreement.agrees,
                identity: &$node.identity,
                chain: &$node.chain,
                roster: $node.chain.newest(),
                connected: &$node.connected,
            },
            Effects::new(&mut $node.requests, &mut $node.refused, &mut $node.log, ($now, $role)),
        )
    };
}

/// Borrows the machines that the families need, beside the families.
macro_rules! with {
    ($machines:expr) => {
        Neighbours {
            material: &$machines.ceremonies.material,
            client: &mut $machines.client,
            feeds: &mut $machines.feeds,
        }
    };
}

impl Node {
    /// A node that continues from what was kept, in all epochs of which something is.
    #[must_use]
    pub fn new(config: NodeConfig, mut kept: Kept, bodies: &impl Bodies, now: Timestamp) -> Self {
        let identity = Identity {
            oin: config.oin,
            key: config.organisation_key,
            log_key: config.log_key,
            cosignature_key: config.cosignature_key,
        };
        let mut chain = config.chain;
        let rosters = RosterKeeper::restore(&mut chain, &mut kept);
        let connected = BTreeSet::new();
        let mut in_use = kept.epochs();
        in_use.extend(bodies.names().into_iter().map(|(epoch, _)| epoch));
        let forgotten =
            kept.take(Collection::Forgotten).iter().filter_map(|bytes| last_forgotten(bytes)).max();
        let restored = !kept.take(Collection::Restored).is_empty();
        let mut ceremonies = CeremonyKeeper::new(restored);
        let mut epochs = Epochs::new(&chain, in_use, forgotten, now);
        macro_rules! cx {
            () => {
                Context {
                    now,
                    epochs: &epochs,
                    clock_agrees: false,
                    identity: &identity,
                    chain: &chain,
                    roster: chain.newest(),
                    connected: &connected,
                }
            };
        }
        for wire in kept.take(Collection::KeySet) {
            ceremonies.restore_key_set(&cx!(), &wire);
        }
        for record in kept.take(Collection::Abandonment) {
            ceremonies.restore_abandonment(&cx!(), &record);
        }
        let _went_back = epochs.look(&chain, &ceremonies.material, now);
        let opened = epochs.open_lanes(&ceremonies.material);
        let cx = cx!();
        ceremonies.restore_secrets(&cx, &kept.secrets);
        let mut feeds = FeedKeeper::new(&cx, Start { hears: config.hear_before_signing, restored });
        feeds.restore(&cx, bodies, &kept.take(Collection::Header), &kept.take(Collection::Head));
        feeds.restore_dummies(&kept.take(Collection::Dummies));
        feeds.restore_proofs(&cx, &kept.take(Collection::Proof));
        let own_leaves = kept.take(Collection::OwnLeaves);
        let own_log = OwnLog::restore(own_leaves.first().map(Vec::as_slice));
        let (mut families, mut client) = (Families::default(), EvaluationClient::new(own_log));
        let logs = HeldLogs::restore(&kept.take(Collection::HeldLog));
        families.restore_decisions(&kept.take(Collection::Decision));
        families.restore_rights(&mut kept, config.inform_within_days);
        families.restore(
            &cx,
            &ceremonies.material,
            &kept.take(Collection::Signal),
            &kept.take(Collection::FamilyKeys),
            &kept.take(Collection::Match),
            &mut client,
        );
        families.restore_units(config.units, &kept.take(Collection::UnitMatch));
        families.open(&opened, &mut client);
        let salts = config.seed.derive("main log", 0);
        let head = kept.take(Collection::LogHead).iter().find_map(|bytes| LogHead::from_bytes(bytes));
        let log = MainLog::restore(head, config.retention, salts);
        let witnesses = Witnesses::restore(&cx, &mut kept, log.generation());
        Self {
            log,
            configuration: config.configuration,
            restored,
            epochs,
            agreement: ClockAgreement::default(),
            latest: now,
            seeds: SeedSequence::new(config.seed),
            requests: Requests::default(),
            refused: Refused::default(),
            resumed: false,
            connected,
            identity,
            chain,
            machines: Machines { ceremonies, client, logs, feeds, families, rosters, witnesses },
        }
    }

    /// The roster in force.
    #[must_use]
    pub fn roster(&self) -> &VerifiedRoster {
        self.chain.newest()
    }

    /// Counts of what was refused so far.
    #[must_use]
    pub fn refused(&self) -> Refused {
        self.refused
    }

    /// Takes one input. The Steps are to be committed in their order, and after those of earlier inputs.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Vec<Step> {
        if let Input::Connected(member) = &input {
            self.connected.insert(*member);
        } else if let Input::Disconnected(member) = &input {
            self.connected.remove(member);
        }
        let evaluation_seed = self.seeds.next("evaluation");
        let (held, last) = (self.chain.newest().digest(), self.chain.last_digest());
        let adopted = self.adopt(&input, now);
        let latest = std::mem::replace(&mut self.latest, now);
        if latest.plus(SKEW_SECONDS) < now || now.plus(SKEW_SECONDS) < latest {
            self.machines.ceremonies.clock_jumped(latest, now);
            self.agreement.jumped();
        }
        if now.plus(SKEW_SECONDS) < latest {
            self.machines.clock_went_back(now);
        }
        if matches!(input, Input::Tick) {
            self.agreement.look(&self.machines.feeds.others, self.chain.newest(), now);
        }
        // With the clocks just compared, so that a clock that was set ends no notice period.
        if self.chain.ripen(now, matches!(input, Input::Tick) && self.agreement.agrees) {
            let roster = self.chain.newest();
            self.connected.retain(|member| roster.member(member).is_some());
        }
        let went_back = self.epochs.look(&self.chain, &self.machines.ceremonies.material, now);
        let opened = self.epochs.open_lanes(&self.machines.ceremonies.material);
        // With the clocks just compared: whatever comes first after a jump of the clock destroys nothing.
        let may_destroy = matches!(input, Input::Tick) && self.agreement.agrees;
        let over = if may_destroy { self.epochs.close_lanes() } else { BTreeSet::new() };
        let role = if matches!(input, Input::Command { .. }) { ActorRole::Operator } else { ActorRole::Node };
        let (cx, mut fx) = context!(self, now, role);
        let machines = &mut self.machines;
        if went_back {
            // What was given up there when it was left is wanted again.
            machines.families.open(&cx.epochs.lanes, &mut machines.client);
        }
        if !std::mem::replace(&mut self.resumed, true) {
            fx.record(Happening::new(Event::Configuration { digest: self.configuration }));
            let (version, digest) = (cx.roster.version(), cx.roster.digest());
            fx.record(Happening::new(Event::Roster { version, digest }));
            if std::mem::take(&mut self.restored) {
                fx.record(Happening::new(Event::Restore));
                machines.witnesses.note_restore(&mut fx);
            }
            machines.feeds.sweep(&mut fx);
            machines.families.resume(&cx, &mut with!(machines), &mut fx);
        }
        if cx.roster.digest() != held {
            machines.follow_roster(&cx, &mut fx);
        }
        if cx.chain.last_digest() != last {
            machines.rosters.tell(&cx);
        }
        machines.witnesses.follow_roster(&cx, &mut fx);
        // After the roster: it opens lanes as well, and it alone looks after what is found in feeds that it drops.
        machines.follow_epochs(&cx, &opened, &over, &mut fx);
        let mut arrived: Vec<Arrived> = Vec::new();
        match input {
            Input::Tick => {
                if cx.clock_agrees {
                    fx.forget_old_entries();
                }
                let seeds = &mut self.seeds;
                machines.ceremonies.tick(&cx, || seeds.next("ceremony"), &mut fx);
                let named = machines.feeds.unknown_key_sets(&cx, &machines.ceremonies.material);
                machines.ceremonies.ask_publishers(&cx, named, &mut fx);
                machines.families.tick(&cx, &mut with!(machines), &mut fx);
                if machines.feeds.clock_allows_publishing(&cx, &mut fx) {
                    let work_left = |epoch| machines.families.work_left(epoch);
                    let (material, seed) = (&machines.ceremonies.material, || seeds.next("dummies"));
                    machines.feeds.publish(&cx, material, work_left, seed, &mut fx);
                }
                machines.feeds.keep_heads(&cx, &mut fx);
                if machines.ceremonies.needs_no_mark(&cx) {
                    machines.feeds.forget_restore(&cx, &mut fx);
                }
                machines.witnesses.tick(&cx, &mut fx);
            }
            Input::Connected(member) => {
                machines.feeds.connected(&cx, member);
                machines.client.connected(member);
                machines.rosters.may_have_newer(member);
            }
            Input::Disconnected(_) => {}
            // The network lets go of whoever left the roster; what comes in between is not answered.
            Input::Request { from, .. } if cx.roster.member(&from).is_none() => fx.refused.not_allowed += 1,
            Input::Request { from, conversation, token, frame } => match conversation {
                Conversation::Ceremony => machines.ceremonies.request(&cx, from, token, &frame, &mut fx),
                // Whoever signs two logs of what it asks is not counted by either.
                Conversation::Evaluation if machines.witnesses.is_forked(&cx, &from) => {
                    evaluation::refuse(token, EvaluationRefusal::TwoLogs, &mut fx);
                }
                Conversation::Evaluation => {
                    let with = (&machines.ceremonies.material, &mut machines.logs);
                    evaluation::begin(&cx, with, (from, token), &frame, evaluation_seed, &mut fx);
                }
                Conversation::Feed => {
                    machines.feeds.note_reader(&cx, from, &frame);
                    machines.feeds.request(&cx, from, token, &frame, &mut fx);
                }
                Conversation::Roster => machines.rosters.request(&cx, from, token, &frame, &mut fx),
                Conversation::Witness => machines.witnesses.request(&cx, (from, token), &frame, &mut fx),
            },
            Input::Response { id, frame } => match fx.finish(id) {
                Some((Conversation::Ceremony, _)) => machines.ceremonies.response(&cx, id, &frame, &mut fx),
                Some((Conversation::Evaluation, from)) => {
                    machines.client.response(&cx, &machines.ceremonies.material, id, from, &frame, &mut fx);
                }
                Some((Conversation::Feed, _)) => arrived = machines.feeds.response(&cx, id, &frame, &mut fx),
                Some((Conversation::Roster, _)) => adopted.count(fx.refused),
                Some((Conversation::Witness, _)) => machines.witnesses.response(&cx, id, &frame, &mut fx),
                None => {}
            },
            Input::RequestFailed { id } => match fx.finish(id) {
                Some((Conversation::Ceremony, _)) => machines.ceremonies.failed(id),
                Some((Conversation::Evaluation, _)) => machines.client.failed(now, id),
                Some((Conversation::Feed, _)) => machines.feeds.failed(&cx, id),
                Some((Conversation::Roster, _)) => machines.rosters.failed(id),
                Some((Conversation::Witness, _)) => machines.witnesses.failed(id),
                None => {}
            },
            Input::Evaluated(done) => {
                evaluation::finish(&cx, &machines.ceremonies.material, done, &mut fx);
            }
            Input::Gossip { frame, .. } => machines.feeds.gossip(&cx, &frame, &mut fx),
            Input::Command { id, command } => {
                let reply = match command {
                    Command::Import(signals) => {
                        Reply::Imported(machines.families.import(&cx, signals, &mut with!(machines), &mut fx))
                    }
                    Command::ImportPart(signals) => {
                        Reply::Imported(machines.families.register(&cx, signals, &mut fx))
                    }
                    Command::Withdraw(families) => Reply::Withdrawn(machines.families.withdraw(
                        &cx,
                        &families,
                        &mut with!(machines),
                        &mut fx,
                    )),
                    Command::Renew { families, until } => Reply::Renewed(machines.families.renew(
                        &cx,
                        &families,
                        until,
                        &mut with!(machines),
                        &mut fx,
                    )),
                    Command::Who(family) => Reply::Who(machines.families.ask(
                        &cx,
                        &family,
                        (&machines.feeds, &machines.ceremonies.material),
                        &mut fx,
                    )),
                    Command::RosterAfter(version) => {
                        let next = cx.chain.after(version).cloned().map(Box::new);
                        Reply::NextRoster(next.zip(cx.chain.standing(version.saturating_add(1))))
                    }
                    Command::InstallRoster(_) => adopted.reply(cx.roster.version()),
                    Command::Signals => Reply::Signals(machines.families.summaries()),
                    Command::WhoAll => {
                        let answers = machines.who_all(&cx);
                        fx.record(Happening::new(asked(answers.len(), &answers)));
                        Reply::WhoAll(answers)
                    }
                    Command::Exporting(exported) => {
                        fx.record(Happening::new(Event::Export { exported }));
                        Reply::Logged
                    }
                    Command::Leaving => {
                        fx.record(Happening::new(Event::Leaving));
                        Reply::Logged
                    }
                    Command::Decide(wanted) => {
                        Reply::Decided(machines.families.decide_and_log(&cx, wanted, &mut fx).map(Some))
                    }
                    Command::Undo(family, organisation) => Reply::Decided(
                        machines
                            .families
                            .undo_and_log(&cx, &family, &organisation, &mut with!(machines), &mut fx)
                            .map(|()| None),
                    ),
                    Command::Status => Reply::Status(Box::new(machines.status(&cx, *fx.refused))),
                    Command::Rights(wanted) => Reply::Rights(machines.families.serve_rights(
                        &cx,
                        wanted,
                        &mut with!(machines),
                        &mut fx,
                    )),
                };
                fx.say(Outbound::Reply { id, reply });
            }
        }
        for key in machines.ceremonies.replaced() {
            machines.families.evaluate_again(&cx, key, &mut with!(machines));
        }
        let carriers = |key: &LinkageKey| machines.families.carriers(key);
        let with = (&mut self.seeds, &carriers as Carriers<'_>);
        let evaluated = machines.client.advance(&cx, &machines.ceremonies.material, with, &mut fx);
        machines.families.evaluated(&cx, evaluated, &mut with!(machines), &mut fx);
        arrived.extend(machines.feeds.fetch(&cx, &mut fx));
        for arrived in &arrived {
            machines.families.arrived(&cx, arrived, &mut fx);
        }
        for publisher in machines.feeds.newer_roster() {
            machines.rosters.may_have_newer(publisher);
        }
        machines.rosters.advance(&cx, &mut fx);
        machines.witnesses.advance(&cx, &mut fx);
        fx.into_steps()
    }

    /// Takes in a roster that the input brings, before any machine sees the input: they act on the one in force.
    fn adopt(&mut self, input: &Input, now: Timestamp) -> Adopted {
        let undisturbed = self.latest.plus(SKEW_SECONDS) >= now && now.plus(SKEW_SECONDS) >= self.latest;
        let sight = FirstSight { seen: now, sure: undisturbed && self.agreement.agrees };
        match input {
            Input::Command { command: Command::InstallRoster(signed), .. } => self
                .machines
                .rosters
                .offered(&mut self.chain, signed, sight)
                .map_or_else(Adopted::Refused, |()| Adopted::Taken),
            Input::Response { id, frame }
                if self.requests.conversation(*id) == Some(Conversation::Roster) =>
            {
                match self.machines.rosters.response(*id, frame, &mut self.chain, sight) {
                    Ok(()) => Adopted::Taken,
                    Err(error) => Adopted::Misled(error),
                }
            }
            Input::Tick
            | Input::Connected(_)
            | Input::Disconnected(_)
            | Input::Request { .. }
            | Input::Response { .. }
            | Input::RequestFailed { .. }
            | Input::Evaluated(_)
            | Input::Gossip { .. }
            | Input::Command { .. } => Adopted::Taken,
        }
    }
}

impl Machines {
    /// Another roster is in force. It is kept before anything that follows from it is said.
    fn follow_roster(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let (version, digest) = (cx.roster.version(), cx.roster.digest());
        fx.record(Happening::new(Event::Roster { version, digest }));
        self.rosters.advance(cx, fx);
        self.rosters.tell(cx);
        fx.say(Outbound::Members(Box::new(cx.roster.clone())));
        let dropped = self.feeds.follow_roster(cx, fx);
        self.families.follow_roster(cx, &dropped, &mut with!(self), fx);
    }

    /// Opens the lanes of epochs that began to matter, and destroys what is left of those that are over.
    fn follow_epochs(
        &mut self,
        cx: &Context<'_>,
        opened: &BTreeSet<Epoch>,
        over: &BTreeSet<Epoch>,
        fx: &mut Effects<'_>,
    ) {
        if !opened.is_empty() {
            // The same feeds as under a new roster: those that are missing are added.
            let _dropped = self.feeds.follow_roster(cx, fx);
            self.families.open(opened, &mut self.client);
        }
        for epoch in over {
            self.ceremonies.forget(*epoch);
            self.feeds.forget_epoch(*epoch);
            self.families.forget_epoch(cx, *epoch, &mut self.client, fx);
            // Written before the key is destroyed: a put into a forgotten epoch is refused for ever.
            fx.put(Collection::Forgotten, forgotten_key(), forgotten_record(*epoch));
            fx.forget(Scope::Epoch(*epoch));
        }
    }

    fn clock_went_back(&mut self, now: Timestamp) {
        self.ceremonies.clock_went_back(now);
        self.client.clock_went_back();
        self.feeds.clock_went_back(now);
        self.rosters.clock_went_back();
        self.witnesses.clock_went_back();
    }

    fn who_all(&self, cx: &Context<'_>) -> Vec<Answer> {
        let ask =
            |family: &FamilyRef| self.families.who(cx, family, &self.feeds, &self.ceremonies.material).ok();
        self.families.references().filter_map(ask).collect()
    }

    /// Whether everything is published in an epoch.
    fn is_published(&self, cx: &Context<'_>, epoch: Epoch) -> bool {
        self.client.waiting(epoch) == 0 && !self.families.is_behind(cx) && self.feeds.is_published(cx, epoch)
    }

    fn status(&self, cx: &Context<'_>, refused: Refused) -> Status {
        let section = cx.roster.keyholder_section();
        Status {
            epoch: cx.epochs.clock,
            entered: KeyClass::ALL.into_iter().map(|class| (class, cx.epochs.entered(class))).collect(),
            next: cx.epochs.next.map(|epoch| NextEpoch {
                epoch,
                starts: cx.roster.start_of(epoch),
                ceremonies: self.ceremonies.states(cx, epoch),
                keys_waiting: self.client.waiting(epoch),
                published: self.is_published(cx, epoch),
            }),
            roster_version: cx.roster.version(),
            rosters_waiting: cx.chain.waiting().to_vec(),
            roster_conflicts: self.rosters.conflicts(cx.chain),
            roster_crossing: cx.chain.crossing().map(Crossing::waiting),
            key_sets: KeyClass::ALL
                .into_iter()
                .filter(|class| self.ceremonies.material.key_set(cx.epochs.entered(*class), *class).is_some())
                .collect(),
            keyholders_reachable: self.client.reachable(cx, &self.ceremonies.material),
            keyholders: section.keyholders.len(),
            threshold: usize::from(section.threshold),
            keys_waiting: cx.epochs.in_force().into_iter().map(|epoch| self.client.waiting(epoch)).sum(),
            keys_evaluated: self.client.evaluated(),
            evaluations: self.client.counts(cx, &self.ceremonies.material),
            log_is_named: OwnLog::is_named(cx),
            quotas_spent: self.client.spent().collect(),
            two_logs: self.logs.forks().collect(),
            tags_published: self.feeds.tags_published(cx),
            unit_matches: self.families.unit_matches(),
            review: self.families.review_count(),
            published: cx.epochs.in_force().into_iter().all(|epoch| self.is_published(cx, epoch)),
            hearing: self.feeds.hearing(cx).collect(),
            continued: self.feeds.continued(),
            completeness: self.feeds.completeness(cx, &self.ceremonies.material, None),
            proofs: self.feeds.proofs().cloned().collect(),
            set_back: self.feeds.set_back(cx),
            clock: self.feeds.others.clock(cx.roster, cx.now),
            newest_roster_heard: self.feeds.others.newest_roster(cx.roster),
            refused,
            ceremonies: self.ceremonies.states(cx, cx.epochs.clock),
            readers: self.feeds.readers(cx),
            witnessing: self.witnesses.status(cx),
            rights: self.families.rights_count(cx.now),
        }
    }
}
