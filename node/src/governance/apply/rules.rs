//! Clocks, intervals and epochs.

use domain::Timestamp;
use roster::{EpochRules, RosterContent};

use super::{DAY, Flaws};
use crate::governance::network_file::RulesTable;

impl Flaws {
    pub(super) fn rules(
        &mut self,
        table: &RulesTable,
        content: &mut RosterContent,
        founding: bool,
        now: Timestamp,
    ) {
        let rules = &mut content.rules;
        self.epochs(table, &mut rules.epoch, founding, now);
        if let Some(day) = table.first_epoch_day {
            let start = self.day("first_epoch_day", day);
            match start {
                Some(_) if !founding => {
                    self.add("first_epoch_day is decided when a network is founded; leave it out");
                }
                Some(start) => rules.epoch.anchor_time = start,
                None => {}
            }
        }
        for (given, place) in [
            (table.publish_interval_seconds, &mut rules.publish_interval_seconds),
            (table.heartbeat_seconds, &mut rules.heartbeat_seconds),
            (table.ceremony_deadline_seconds, &mut rules.ceremony_deadline_seconds),
            (table.live_tags, &mut rules.live_tags),
            (table.segments_per_snapshot, &mut rules.segments_per_snapshot),
        ] {
            *place = given.unwrap_or(*place);
        }
        if let Some(notice) = self.span("notice", table.notice_days, table.notice_seconds) {
            match u32::try_from(notice) {
                Ok(notice) => rules.notice_seconds = notice,
                Err(_) => self.add("[rules] the notice period is longer than a lifetime"),
            }
        }
    }

    pub(super) fn epochs(
        &mut self,
        table: &RulesTable,
        epoch: &mut EpochRules,
        founding: bool,
        now: Timestamp,
    ) {
        let length = self.span("epoch", table.epoch_days, table.epoch_seconds);
        // Epoch numbers go on from the epoch that runs: a key set is bound to its number.
        let passed = now.since(Timestamp(epoch.anchor_time)) / epoch.length_seconds.max(1);
        let running = epoch.anchor_epoch.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        if let Some(length) = length.filter(|length| *length != epoch.length_seconds) {
            if founding {
                *epoch = EpochRules::starting(epoch.anchor_time, length);
            } else {
                epoch.anchor_epoch = running;
                epoch.anchor_time += passed * epoch.length_seconds;
                epoch.length_seconds = length;
                epoch.grace_seconds = epoch.grace_seconds.min(length);
                epoch.preparation_seconds = epoch.preparation_seconds.min(length);
            }
        }
        for (what, days, seconds, place) in [
            ("grace", table.grace_days, table.grace_seconds, &mut epoch.grace_seconds),
            (
                "preparation",
                table.preparation_days,
                table.preparation_seconds,
                &mut epoch.preparation_seconds,
            ),
        ] {
            *place = self.span(what, days, seconds).unwrap_or(*place);
        }
        if table.start_next_epoch {
            if founding {
                self.add("start_next_epoch is for a network that runs; leave it out");
            }
            epoch.anchor_epoch = running.saturating_add(1);
            epoch.anchor_time = now.0;
        }
    }

    /// A span of time that is given in days or in seconds.
    pub(super) fn span(&mut self, what: &str, days: Option<u32>, seconds: Option<u64>) -> Option<u64> {
        if days.is_some() && seconds.is_some() {
            self.add(format!("[rules] gives both {what}_days and {what}_seconds; leave one out"));
            return None;
        }
        days.map(|days| u64::from(days) * DAY).or(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{applied, blank};
    use super::*;

    #[test]
    fn a_new_length_counts_from_the_start_of_the_epoch_that_runs() {
        // 100 days after the anchor, with epochs of 30 days, the fourth runs.
        let mut content = blank();
        content.rules.epoch = EpochRules::starting(1_000, 30 * DAY);
        let before = content.rules.epoch.clone();
        let epoch = applied("[rules]\nepoch_days = 60", content.clone(), false).unwrap().rules.epoch;
        let (anchor_epoch, anchor_time) = (4, 1_000 + 90 * DAY);
        let longer = EpochRules { anchor_epoch, anchor_time, length_seconds: 60 * DAY, ..before.clone() };
        assert_eq!(epoch, longer);
        let epoch = applied("[rules]\nepoch_days = 4", content, false).unwrap().rules.epoch;
        assert_eq!((epoch.grace_seconds, epoch.preparation_seconds), (4 * DAY, 4 * DAY));
    }

    #[test]
    fn the_next_epoch_starts_at_once_when_governors_say_so() {
        let mut content = blank();
        content.rules.epoch = EpochRules::starting(1_000, 30 * DAY);
        let epoch = applied("[rules]\nstart_next_epoch = true", content, false).unwrap().rules.epoch;
        // A hundred days after the anchor the fourth runs.
        assert_eq!((epoch.anchor_epoch, epoch.anchor_time), (5, 1_000 + 100 * DAY));
    }
}
