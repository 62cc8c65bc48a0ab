//! A clock that was set back: it stands before what this node has published.
//!
//! A feed that goes back in time is refused by its readers, so nothing is dated before what is out already. Nor is
//! anything dated ahead of the clocks of others (`others.rs`): they refuse it, and once the clock is set right the feed
//! would have to wait for the time that it is dated at. A clock that lags behind others stops nothing.

use domain::Timestamp;

use super::keeper::FeedKeeper;
use crate::Notice;
use crate::effects::{Context, Effects};

/// Seconds that clocks may differ: those of members, and this one from itself after a correction.
pub(crate) const SKEW_SECONDS: u64 = 300;

/// How far the clock stands before what this node has published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SetBack {
    /// By how many seconds; zero when it does not, or not by more than is tolerated. Nothing is published meanwhile.
    pub seconds: u64,
    /// How the newest of what was published is dated.
    pub published: Option<Timestamp>,
}

impl FeedKeeper {
    /// Whether the clock was set back.
    pub(crate) fn set_back(&self, cx: &Context<'_>) -> SetBack {
        let published = self.own.values().filter_map(|own| own.published_at).max();
        let seconds = published.map_or(0, |newest| newest.since(cx.now));
        SetBack { seconds: if seconds > SKEW_SECONDS { seconds } else { 0 }, published }
    }

    /// Whether segments may be dated now. Tells once when not.
    pub(crate) fn clock_allows_publishing(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) -> bool {
        let behind = self.set_back(cx).seconds;
        let told = std::mem::replace(&mut self.told_set_back, behind > 0);
        if behind > 0 && !told {
            fx.notice(Notice::ClockBehind { seconds: behind });
        }
        let ahead = u64::try_from(self.others.clock(cx.roster, cx.now).ahead_seconds).unwrap_or(0);
        let is_ahead = ahead > SKEW_SECONDS;
        let told = std::mem::replace(&mut self.told_ahead, is_ahead);
        if is_ahead && !told {
            fx.notice(Notice::ClockAhead { seconds: ahead });
        }
        behind == 0 && !is_ahead && !self.is_unsure(cx)
    }

    /// The clock was set right after it had been ahead: moments noted meanwhile are to come, and wait for nothing.
    pub(crate) fn clock_went_back(&mut self, now: Timestamp) {
        self.started = self.started.min(now);
        self.generation_taken.clear();
        self.endless.clear();
        self.resting.clear();
        self.heads_asked.clear();
        self.proofs.clock_went_back();
        self.unkept_heads.clock_went_back();
        self.told_generation.clear();
        self.unsure_since = None;
        self.ticked_at = None;
    }

    /// The clock went on by more than it should between two ticks: the machine slept, or the clock was set. Until the
    /// first head of another member tells which, at most for an interval, nothing is dated.
    fn is_unsure(&mut self, cx: &Context<'_>) -> bool {
        let last = self.ticked_at.replace(cx.now);
        if last.is_some_and(|last| cx.now.since(last) > SKEW_SECONDS) {
            self.unsure_since = Some(cx.now);
        }
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        self.unsure_since = self.unsure_since.filter(|since| cx.now.since(*since) <= interval);
        self.unsure_since.is_some()
    }
}
