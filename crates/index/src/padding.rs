//! How many tags a segment adds and withdraws: sizes from a few classes, so that counts tell little.
//!
//! A pure calculation. Which dummies make up the sizes is another question ([`Dummies`](crate::Dummies)).

use crate::MAX_TAGS;

/// Tags of a family of ordinary size, rounded up: what comes or goes with one registration. Dummies come and go in
/// groups of this size.
pub(crate) const GROUP: usize = 16;

/// Fewest dummies in a feed: enough to hide whether an organisation has no family or nine, and to give up for the
/// next registrations without a larger class.
const LEAST_DUMMIES: usize = 9 * GROUP;

/// Most tags that a segment exchanges when the number of live tags stays: twice this fits one body.
const MOST_EXCHANGED: usize = 1_920;

/// What the next segment adds and withdraws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) real_in: usize,
    pub(crate) real_out: usize,
    pub(crate) dummies_in: usize,
    pub(crate) dummies_out: usize,
}

/// What a feed holds and what waits to change it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Real tags live.
    pub(crate) real: usize,
    /// Dummies live.
    pub(crate) dummies: usize,
    /// Real tags that wait to come.
    pub(crate) waiting: usize,
    /// Real tags that wait to go.
    pub(crate) leaving: usize,
    /// Most tags that may be live.
    pub(crate) cap: usize,
}

impl Load {
    /// The next segment.
    pub(crate) fn plan(self) -> Plan {
        let Self { real, dummies, leaving, .. } = self;
        let live = real + dummies;
        let (least, waiting) = (self.least_dummies(), self.waiting.min(self.room()));
        let target = self.target(live, real + waiting - leaving + least);
        let small = |tags: usize| segment_class(tags.max(GROUP)).min(MOST_EXCHANGED);
        let (added, withdrawn) = if target > live {
            let withdrawn = small(leaving).min(dummies + leaving);
            ((withdrawn + target - live).min(MAX_TAGS - withdrawn), withdrawn)
        } else if target < live {
            let added = small(waiting);
            (added, (added + live - target).min(MAX_TAGS - added))
        } else {
            let exchanged = small(waiting.max(leaving));
            (exchanged, exchanged)
        };
        let real_out = leaving.min(withdrawn);
        let dummies_out = (withdrawn - real_out).min(dummies);
        // With fewer dummies than that fewer go, and fewer come instead.
        let added = added.min((real_out + dummies_out + target).saturating_sub(live.min(target)));
        // However the sizes were cut, the least number of dummies is there afterwards.
        let replaceable = (added + dummies).saturating_sub(dummies_out + least);
        let real_in = waiting.min(added).min(replaceable);
        Plan { real_in, real_out, dummies_in: added - real_in, dummies_out }
    }

    /// Real tags that may come before the network's bound is reached.
    pub(crate) fn room(self) -> usize {
        self.cap.saturating_add(self.leaving).saturating_sub(self.real + self.least_dummies())
    }

    fn least_dummies(self) -> usize {
        LEAST_DUMMIES.min(self.cap / 2)
    }

    /// The number of live tags to come to: a class that holds what is needed. It shrinks only when that leaves some
    /// room, so that a feed at the edge of two classes does not go to and fro.
    fn target(self, live: usize, needed: usize) -> usize {
        let wanted = if needed > live || live != live_class(live) && live != self.cap {
            live_class(needed)
        } else {
            live.min(live_class(needed + needed / 16))
        };
        wanted.min(self.cap)
    }
}

/// Numbers of live tags: eight to each doubling from 128 on, so that at most an eighth is added.
fn live_class(tags: usize) -> usize {
    let tags = tags.max(8 * GROUP);
    let step = tags.next_power_of_two() / 16;
    // A power of two is the last class of its doubling.
    tags.next_multiple_of(step.max(GROUP))
}

/// Numbers of tags added or withdrawn: whole doublings of a group up to 256, then every 128. Never more above what is
/// asked for than there are dummies in a feed that has room for it.
fn segment_class(tags: usize) -> usize {
    if tags <= 16 * GROUP { tags.max(GROUP).next_power_of_two() } else { tags.next_multiple_of(8 * GROUP) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: usize = 500_000;

    fn load(real: usize, dummies: usize, waiting: usize, leaving: usize) -> Load {
        Load { real, dummies, waiting, leaving, cap: CAP }
    }

    #[test]
    fn classes_are_few_and_near() {
        fn check(tags: usize, expected: usize) {
            assert_eq!(live_class(tags), expected, "{tags}");
        }
        check(0, 128);
        check(128, 128);
        check(129, 144);
        check(256, 256);
        check(257, 288);
        check(1_025, 1_152);
        for tags in (144..2_000_000).step_by(977) {
            let class = live_class(tags);
            assert!(
                class >= tags && class - tags <= tags / 8 && live_class(class) == class,
                "{tags}: {class}"
            );
        }
        let classes: std::collections::BTreeSet<usize> = (1..=MOST_EXCHANGED).map(segment_class).collect();
        assert_eq!(classes.len(), 5 + 13, "{classes:?}");
    }

    /// Follows a plan.
    fn apply(load: Load) -> (Load, Plan) {
        let plan = load.plan();
        let (real, dummies) =
            (load.real + plan.real_in - plan.real_out, load.dummies + plan.dummies_in - plan.dummies_out);
        let (waiting, leaving) = (load.waiting - plan.real_in, load.leaving - plan.real_out);
        (Load { real, dummies, waiting, leaving, ..load }, plan)
    }

    #[test]
    fn a_registration_and_an_empty_interval_are_of_one_size() {
        let (rest, _) = apply(load(0, 0, 14, 0));
        assert_eq!((rest.real + rest.dummies, rest.waiting), (160, 0));
        let (_, empty) = apply(rest);
        let (_, family) = apply(Load { waiting: 14, ..rest });
        let (_, withdrawal) = apply(Load { leaving: 14, ..rest });
        let sizes = |plan: Plan| (plan.real_in + plan.dummies_in, plan.real_out + plan.dummies_out);
        assert_eq!(sizes(empty), (GROUP, GROUP));
        assert_eq!(sizes(withdrawal), (GROUP, GROUP));
        assert_eq!((family.real_in, sizes(family).1), (14, GROUP));
    }

    #[test]
    fn whatever_comes_and_goes_is_published_and_the_bounds_hold() {
        let mut rest = load(0, 0, 0, 0);
        let mut state = 7_u64;
        let mut roll = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        for round in 0..3_000 {
            let many = [1, 20, 300, 9_000][round % 4];
            rest.waiting += roll(many);
            rest.leaving += roll(many).min(rest.real - rest.leaving);
            let mut segments = 0;
            loop {
                let (next, plan) = apply(rest);
                rest = next;
                segments += 1;
                let (added, withdrawn) = (plan.real_in + plan.dummies_in, plan.real_out + plan.dummies_out);
                assert!(added + withdrawn <= MAX_TAGS, "{plan:?}");
                assert!(rest.dummies >= LEAST_DUMMIES, "{rest:?} {plan:?}");
                if rest.waiting + rest.leaving == 0 {
                    break;
                }
                assert!(segments < 40, "{rest:?} {plan:?}");
            }
            (0..40).for_each(|_| rest = apply(rest).0);
            let live = rest.real + rest.dummies;
            assert_eq!(live, live_class(live), "{rest:?}");
            let most = rest.real + (rest.real + LEAST_DUMMIES) / 16 + LEAST_DUMMIES;
            assert!(live <= live_class(most), "{rest:?}");
            let (_, quiet) = apply(rest);
            assert_eq!(quiet, Plan { dummies_in: GROUP, dummies_out: GROUP, ..Plan::default() });
        }
    }

    #[test]
    fn a_feed_stops_at_its_cap() {
        for cap in [1, 100, 200, 1_000, 10_000] {
            let mut rest = Load { cap, ..load(0, 0, 50_000, 0) };
            for _ in 0..60 {
                rest = apply(rest).0;
                assert!(rest.real + rest.dummies <= cap, "{rest:?}");
            }
            assert_eq!(rest.real, cap - LEAST_DUMMIES.min(cap / 2));
            assert!(rest.waiting > 0 && rest.room() == 0);
            let (_, quiet) = apply(rest);
            assert!(quiet.dummies_in <= GROUP && quiet.real_in == 0, "{quiet:?}");
        }
    }
}
