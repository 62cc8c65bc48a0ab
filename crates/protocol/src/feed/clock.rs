//! A clock that was set back: it stands before what this node has published.
//!
//! A feed that goes back in time is refused by its readers, so nothing is dated before what is out already. Whether
//! the clock agrees with those of others is another question (`others.rs`), which stops nothing: others may be wrong.

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
        let seconds = self.set_back(cx).seconds;
        let told = std::mem::replace(&mut self.told_set_back, seconds > 0);
        if seconds > 0 && !told {
            fx.notice(Notice::ClockBehind { seconds });
        }
        seconds == 0
    }
}
