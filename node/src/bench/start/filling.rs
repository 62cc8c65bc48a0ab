//! Fills a data folder by letting the state machine of its node follow every feed, as it would over the network.

use anyhow::{Context as _, Result, ensure};
use crypto::Digest;
use domain::{Contact, Oin, Signal, SignalKind, Timestamp, Visibility};
use protocol::{Batch, Command, CommandId, Conversation, Input, Node, Outbound, Step, evaluated_record};
use store::{MAX_WRITES, Store};

use super::StartOptions;
use super::feeds::{self, Common, Feed};
use super::folder::Folder;
use super::network::{EPOCH, INTERVAL_SECONDS, basis, key_sets, publisher};
use crate::bench::TAGS_PER_FAMILY;
use crate::bench::matching::{OwnKeys, families};
use crate::bench::progress::Progress;
use crate::runtime::taken_up;

/// Seconds before the present at which the node stopped: less than an interval, so that nothing is due at once.
const STOPPED_BEFORE_SECONDS: u64 = 30;

/// What a folder was filled with.
#[derive(Debug)]
pub(super) struct Content {
    /// Live tags of others behind which there is a family.
    pub(super) tags: usize,
    /// Segments of others, and bytes of their headers and bodies.
    pub(super) segments: usize,
    pub(super) database_bytes: u64,
}

/// Fills the folder.
pub(super) fn fill(folder: &mut Folder, options: StartOptions) -> Result<Content> {
    let mut store = folder.open()?;
    let chain = folder.chain()?;
    let own = OwnKeys::new(options.own_families)?;
    let (step, key_sets) = key_sets(&chain)?;
    commit(vec![step], &mut store)?;
    let stopped = Timestamp(folder.founded.0.saturating_sub(STOPPED_BEFORE_SECONDS));
    let common = Common {
        network: chain.newest().network(),
        roster: (chain.newest().version(), chain.newest().digest()),
        key_sets: key_sets.clone(),
        own: &own,
        now: stopped,
    };
    let mut content = Content { tags: 0, segments: 0, database_bytes: 0 };
    // Signals come after the feeds, so that they are matched once instead of with every segment.
    let mut filler = Filler::open(folder, store, stopped)?;
    let progress = Progress::new("filling a data folder: organisations", options.organisations);
    for number in 0..options.organisations {
        progress.at(number);
        let feed = feeds::publish(&common, number, options.families * TAGS_PER_FAMILY, options.segments)?;
        content.tags += feed.live;
        content.segments += feed.segments.len();
        filler.follow(publisher(number)?, &feed)?;
    }
    drop(progress);
    filler.register(&own, &key_sets, options.own_families)?;
    // A start settles what is evaluated, and the ticks publish it.
    let before = Timestamp(stopped.0.saturating_sub(2 * u64::from(INTERVAL_SECONDS)));
    let mut filler = Filler::open(folder, filler.store, before)?;
    for interval in 0..=2 {
        filler.now = before.plus(interval * u64::from(INTERVAL_SECONDS));
        filler.input(Input::Tick)?;
    }
    drop(filler);
    content.database_bytes = folder.database_bytes()?;
    Ok(content)
}

/// A node without a network, whose questions are answered here.
struct Filler {
    node: Node,
    store: Store,
    now: Timestamp,
}

impl Filler {
    fn open(folder: &Folder, mut store: Store, now: Timestamp) -> Result<Self> {
        let config = folder.node_config(&mut store, false)?;
        let (node, _) = taken_up(config, &store, now)?;
        Ok(Self { node, store, now })
    }

    fn input(&mut self, input: Input) -> Result<Vec<Outbound>> {
        commit(self.node.handle(input, self.now), &mut self.store)
    }

    /// Follows one feed to its end.
    fn follow(&mut self, publisher: Oin, feed: &Feed) -> Result<()> {
        let mut inputs = vec![
            Input::Connected(publisher),
            Input::Gossip { circle: feed.head.document().feed.circle, frame: feed.head.to_wire() },
        ];
        // Two questions for each segment are more than enough; one that fails is not asked again at the same moment.
        let mut patience = 100 + 2 * feed.segments.len();
        while !inputs.is_empty() {
            patience = patience.checked_sub(1).context("the node does not stop asking")?;
            let mut next = Vec::new();
            for input in inputs {
                for said in self.input(input)? {
                    let Outbound::Request { conversation, id, frame, .. } = said else { continue };
                    let answer = (conversation == Conversation::Feed).then(|| feed.answer(&frame)).flatten();
                    next.push(match answer {
                        Some(frame) => Input::Response { id, frame },
                        None => Input::RequestFailed { id },
                    });
                }
            }
            inputs = next;
        }
        self.input(Input::Disconnected(publisher))?;
        Ok(())
    }

    /// Registers the own families, and puts what keyholders would have evaluated.
    fn register(&mut self, own: &OwnKeys, key_sets: &[Digest], count: usize) -> Result<()> {
        let (mut signals, mut steps) = (Vec::new(), Vec::new());
        for family in families().take(count) {
            let (reference, family) = family?;
            let mut step = Step::default();
            let pseudonyms = own.families.pseudonyms(EPOCH, &reference);
            let (scope, collection, key, value) =
                evaluated_record(EPOCH, &reference, pseudonyms, key_sets.to_vec());
            step.put_in(scope, collection, key, value);
            steps.push(step);
            signals.push(Signal {
                family_ref: reference,
                family,
                kind: SignalKind::Known,
                legal_basis: Some(basis()?),
                visibility: Visibility::Visible,
                unit: None,
                contact: Contact::default(),
                involved_since: None,
                informed_on: None,
                ends_on: None,
            });
        }
        ensure!(signals.len() == count, "there are not so many families");
        self.input(Input::Command { id: CommandId(1), command: Command::ImportPart(signals) })?;
        commit(steps, &mut self.store)?;
        Ok(())
    }
}

/// Makes Steps durable, in batches as the writer does, and returns what they say.
fn commit(steps: Vec<Step>, store: &mut Store) -> Result<Vec<Outbound>> {
    let (mut batch, mut said) = (Batch::default(), Vec::new());
    for step in steps {
        if batch.writes_len() + step.writes_len() > MAX_WRITES {
            said.extend(std::mem::take(&mut batch).commit(store)?);
        }
        batch.push(step);
    }
    said.extend(batch.commit(store)?);
    Ok(said)
}
