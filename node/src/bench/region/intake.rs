//! Taking the feeds in and matching them, with the clock and the memory watched.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use hmac::{Hmac, Mac as _};
use index::{Body, Completeness, FeedState, Matches, Replica};
use sha2::Sha256;

use super::RegionOptions;
use super::feeds::{NETWORK, NOW, publish};
use crate::bench::TAGS_PER_FAMILY;
use crate::bench::matching::{MESSAGE, OwnKeys};
use crate::bench::memory::resident_bytes;
use crate::bench::progress::Progress;

/// The baseline is taken beside one in so many segments.
const BASELINE_EVERY: usize = 8;

/// What taking in a region came to.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) tags: usize,
    pub(super) segments: usize,
    /// Headers, bodies and heads.
    pub(super) wire_bytes: u64,
    /// Reading a body and applying it.
    pub(super) ingest: Duration,
    /// Of which applying it.
    pub(super) apply: Duration,
    /// Live tags times their size.
    pub(super) counted_bytes: u64,
    /// What of the process lay in memory before anything was taken in, and what does at the end.
    pub(super) resident_bytes: Option<(u64, u64)>,
    pub(super) matching: Option<Matching>,
}

/// What matching everything with the own families came to.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) own_families: usize,
    pub(super) own_keys: usize,
    pub(super) hits: usize,
    pub(super) probing: Duration,
    /// How often one HMAC for each own key fits in matching one segment, over the segments that it was taken beside.
    pub(super) ratio: f64,
    /// Nanoseconds of one HMAC of the baseline.
    pub(super) hmac_nanoseconds: f64,
    /// Longest of the shortest 99 in 100 answers from the match table, with completeness over all feeds.
    pub(super) question_p99: Duration,
    pub(super) question_median: Duration,
}

impl Intake {
    pub(super) fn wire_bytes_per_tag(&self) -> f64 {
        self.wire_bytes as f64 / self.tags as f64
    }

    pub(super) fn tags_per_second(&self, time: Duration) -> f64 {
        self.tags as f64 / time.as_secs_f64()
    }
}

/// Takes in the feeds of all organisations one by one, as fast as one thread goes.
pub(super) fn take_in(options: RegionOptions, what: &str, matched: bool) -> Result<Intake> {
    let own = OwnKeys::new(options.own_families)?;
    let baseline: Vec<Hmac<Sha256>> = own.raw();
    let before = resident_bytes();
    let mut intake = Intake {
        tags: 0,
        segments: 0,
        wire_bytes: 0,
        ingest: Duration::ZERO,
        apply: Duration::ZERO,
        counted_bytes: 0,
        resident_bytes: None,
        matching: None,
    };
    let mut watch = Watch::default();
    let mut matches = Matches::default();
    let mut replicas = Vec::with_capacity(options.organisations);
    let progress = Progress::new(format!("{what}: organisations taken in"), options.organisations);
    for number in 0..options.organisations {
        progress.at(number);
        let feed = publish(number, options.families * TAGS_PER_FAMILY, &own)?;
        let mut replica = Replica::new(NETWORK, feed.id);
        for segment in &feed.segments {
            replica.offer_header(&segment.header, NOW)?;
            let started = now();
            let body = Body::from_bytes(&segment.body)?;
            let read = now();
            let applied = replica.offer_body(&body)?.context("nothing is built aside")?;
            let done = now();
            intake.ingest += done - started;
            intake.apply += done - read;
            intake.segments += 1;
            intake.wire_bytes += (segment.header_bytes + segment.body.len()) as u64;
            if matched {
                let is_beside = intake.segments % BASELINE_EVERY == 1;
                watch.probe(&own, &feed.id, &applied.added, is_beside.then_some(&baseline), &mut matches);
            }
        }
        intake.wire_bytes += feed.head.to_wire().len() as u64;
        replica.offer_head(feed.head, NOW)?;
        ensure!(replica.is_caught_up(), "a feed was not taken in whole");
        intake.tags += replica.tags().len();
        replicas.push(replica);
    }
    intake.counted_bytes = (intake.tags * size_of::<crypto::Tag>()) as u64;
    intake.resident_bytes = before.zip(resident_bytes());
    if matched {
        intake.matching = Some(watch.finish(&own, &matches, &replicas));
    }
    Ok(intake)
}

/// Times of matching.
#[derive(Default)]
struct Watch {
    hits: usize,
    probing: Duration,
    /// Of the segments that the baseline was taken beside.
    probing_beside: Duration,
    baseline: Duration,
    baselines: usize,
}

impl Watch {
    fn probe(
        &mut self,
        own: &OwnKeys,
        feed: &index::FeedId,
        tags: &[crypto::Tag],
        baseline: Option<&Vec<Hmac<Sha256>>>,
        matches: &mut Matches,
    ) {
        if let Some(baseline) = baseline {
            let started = now();
            for mac in baseline {
                black_box(mac.clone().chain_update(black_box(MESSAGE)).finalize());
            }
            self.baseline += now() - started;
            self.baselines += 1;
        }
        let started = now();
        let hits = own.families.probe(feed, tags);
        let took = now() - started;
        self.probing += took;
        if baseline.is_some() {
            self.probing_beside += took;
        }
        self.hits += hits.len();
        matches.add(*feed, hits);
    }

    fn finish(self, own: &OwnKeys, matches: &Matches, replicas: &[Replica]) -> Matching {
        let mut questions: Vec<Duration> = Vec::new();
        for family in own.families.families() {
            let started = now();
            black_box(matches.involved(family, &own.families, |_, _| true));
            let mut completeness = Completeness::default();
            for replica in replicas {
                let state = if replica.is_caught_up() { FeedState::Current } else { FeedState::Incomplete };
                completeness.add(replica.feed().publisher, state);
            }
            black_box(completeness);
            questions.push(now() - started);
        }
        questions.sort_unstable();
        let at = |hundredths: usize| questions.get(questions.len().saturating_sub(1) * hundredths / 100);
        let own_keys = own.pseudonyms.len();
        Matching {
            own_families: own.families.len(),
            own_keys,
            hits: self.hits,
            probing: self.probing,
            ratio: self.probing_beside.as_secs_f64() / self.baseline.as_secs_f64(),
            hmac_nanoseconds: self.baseline.as_secs_f64() * 1e9 / (self.baselines * own_keys).max(1) as f64,
            question_p99: at(99).copied().unwrap_or_default(),
            question_median: at(50).copied().unwrap_or_default(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this is for")]
fn now() -> Instant {
    Instant::now()
}
