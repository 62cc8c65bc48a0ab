//! How large one feed may get: tags that may be live, and how long a run may be before everything is published again.
//!
//! A reader keeps every header and body of a run. So that nobody fills its memory and disk by adding and withdrawing for
//! ever, a publisher begins a full set in time, and a reader takes nothing more of a run without one. Rules change, and
//! members do not hear of it at the same moment: a reader allows twice what a publisher does.

/// Times the live tags that come and go before a full set is due, however few segments they are.
const TURNOVERS: u64 = 2;

/// Times what a publisher does by its rules that a reader takes.
const LENIENCE: u64 = 2;

/// The rules of a network on one feed. Those of [`Default`] bound nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedBounds {
    /// Most tags that may be live.
    pub live_tags: usize,
    /// Segments after which everything is published again.
    pub segments_per_snapshot: u32,
}

impl Default for FeedBounds {
    fn default() -> Self {
        Self { live_tags: usize::MAX, segments_per_snapshot: u32::MAX }
    }
}

/// What a run has beside its full set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Length {
    /// Its segments.
    pub(crate) segments: u64,
    /// The tags that come and go with them.
    pub(crate) tags: u64,
}

impl Length {
    /// With one more segment, of so many tags that come and go.
    pub(crate) fn with(self, tags: u64) -> Self {
        Self { segments: self.segments.saturating_add(1), tags: self.tags.saturating_add(tags) }
    }
}

impl FeedBounds {
    /// Whether a publisher begins a full set: after so many segments when nothing waits, or twice as many, or when as
    /// many tags came and went as may be live, twice.
    pub(crate) fn is_set_due(&self, run: Length, has_backlog: bool) -> bool {
        let segments = if has_backlog { self.most_segments() } else { u64::from(self.segments_per_snapshot) };
        run.segments >= segments || run.tags >= self.most_tags()
    }

    /// Whether a reader takes a run of this length.
    pub(crate) fn allows(&self, run: Length) -> bool {
        run.segments <= self.most_segments().saturating_mul(LENIENCE)
            && run.tags <= self.most_tags().saturating_mul(LENIENCE)
    }

    fn most_segments(&self) -> u64 {
        u64::from(self.segments_per_snapshot) * 2
    }

    fn most_tags(&self) -> u64 {
        (self.live_tags as u64).saturating_mul(TURNOVERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: FeedBounds = FeedBounds { live_tags: 100, segments_per_snapshot: 8 };

    fn run(segments: u64, tags: u64) -> Length {
        Length { segments, tags }
    }

    #[test]
    fn a_set_is_due_by_segments_or_by_tags() {
        assert!(!BOUNDS.is_set_due(run(7, 199), false));
        assert!(BOUNDS.is_set_due(run(8, 0), false));
        assert!(!BOUNDS.is_set_due(run(15, 0), true) && BOUNDS.is_set_due(run(16, 0), true));
        assert!(BOUNDS.is_set_due(run(1, 200), true), "whatever waits");
    }

    #[test]
    fn a_reader_takes_whatever_a_publisher_makes_by_rules_of_before_they_were_halved() {
        assert!(BOUNDS.allows(run(32, 400)));
        assert!(!BOUNDS.allows(run(33, 0)) && !BOUNDS.allows(run(0, 401)));
        let before = FeedBounds { live_tags: 200, segments_per_snapshot: 16 };
        let longest = run(31, 399);
        assert!(!before.is_set_due(longest, true) && before.is_set_due(longest.with(1), true));
        assert!(BOUNDS.allows(longest.with(1)));
    }

    #[test]
    fn without_rules_nothing_is_due_and_everything_taken() {
        let endless = run(1 << 40, 1 << 60);
        assert!(FeedBounds::default().allows(run(u64::from(u32::MAX), 1 << 60)));
        assert!(!FeedBounds { segments_per_snapshot: 8, ..FeedBounds::default() }.allows(endless));
    }
}
