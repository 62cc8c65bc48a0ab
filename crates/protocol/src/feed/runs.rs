//! Runs of segments: what is served to whom, and what is over.
//!
//! A run begins with everything: a full set, a generation, or the feed itself. The run before the newest whole one is
//! kept for a while, for those that were away and come back to little more than it; then it is forgotten, and with it
//! the tags that were withdrawn. So a feed is at most three runs: that one, the newest whole one, and one that comes.

use domain::Oin;
use index::FeedId;

use super::keeper::{FeedKeeper, HeldHeader};
use crate::effects::{Context, Effects};

/// The part of a full set's life for which what is before it is kept: after a week, less than a day.
const KEPT_PART: u64 = 8;

/// Bytes of a body beside its tags, about.
const BODY_BYTES: u64 = 8;

impl HeldHeader {
    fn is_first(&self) -> bool {
        self.position.sequence == self.begins
    }

    fn body_bytes(&self) -> u64 {
        BODY_BYTES + 16 * u64::from(self.tags)
    }
}

/// The place of the first header to serve to whoever holds those up to number `after`: the next one where that leads
/// to the newest whole run with fewer bytes than the run's full set has, else the first of that run.
pub(super) fn page_start(held: &[HeldHeader], after: u64) -> usize {
    let next = held.partition_point(|header| header.position.sequence <= after);
    let Some(run) = newest_whole_run(held).filter(|run| next < *run) else { return next };
    let before = held.get(next..run).unwrap_or_default();
    let full_set = held.get(run..).unwrap_or_default().iter();
    let full_set =
        full_set.take_while(|header| header.position.sequence < header.begins + u64::from(header.parts));
    let longer: u64 = before.iter().map(|header| header.wire.len() as u64 + header.body_bytes()).sum();
    let leads_on = before.first().is_some_and(|first| Some(first.position.sequence) == after.checked_add(1))
        && is_contiguous(held, next, run);
    if leads_on && longer <= full_set.map(HeldHeader::body_bytes).sum() { next } else { run }
}

/// Whether no number is missing between two places.
fn is_contiguous(held: &[HeldHeader], from: usize, to: usize) -> bool {
    let number = |place: usize| held.get(place).map(|header| header.position.sequence);
    let numbers = number(to).zip(number(from)).map(|(to, from)| to.saturating_sub(from));
    numbers == Some(to.saturating_sub(from) as u64)
}

/// The place where the newest run begins of whose full set every header is held.
fn newest_whole_run(held: &[HeldHeader]) -> Option<usize> {
    let whole = |place: &usize| {
        let Some(first) = held.get(*place).filter(|header| header.is_first()) else { return false };
        let parts = usize::try_from(first.parts).unwrap_or(usize::MAX);
        let last = held.get(place.saturating_add(parts.saturating_sub(1)));
        last.is_some_and(|last| last.begins == first.begins)
    };
    (0..held.len()).rev().find(whole)
}

impl FeedKeeper {
    /// Forgets what is before the run that is matched on, or that an own feed published last, once it is of no use.
    pub(super) fn forget_over(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let kept = (u64::from(cx.roster.rules().segments_per_snapshot) / KEPT_PART).max(1);
        let me: Oin = cx.identity.oin;
        let over: Vec<(FeedId, u64)> = self
            .headers
            .iter()
            .filter_map(|(feed, held)| {
                let begins = if feed.publisher == me {
                    held.get(newest_whole_run(held).filter(|run| *run > 0)?)?.begins
                } else {
                    self.replicas.get(feed)?.first_sequence()
                };
                let (oldest, newest) = (held.first()?, held.last()?);
                if oldest.position.sequence >= begins {
                    return None;
                }
                let run = held.partition_point(|header| header.position.sequence < begins);
                let after_set = begins + u64::from(held.get(run)?.parts);
                let is_late = newest.position.sequence >= after_set.saturating_add(kept);
                let last_before = run.checked_sub(1)?;
                let is_useless = is_late || !is_contiguous(held, last_before, run);
                let stays_from = if is_useless { begins } else { held.get(last_before)?.begins };
                (oldest.position.sequence < stays_from).then_some((*feed, stays_from))
            })
            .collect();
        for (feed, begins) in over {
            self.forget_headers(&feed, |header| header.position.sequence >= begins, fx);
        }
    }
}
