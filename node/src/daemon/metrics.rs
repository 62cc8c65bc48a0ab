//! The status as Prometheus metrics, text format 0.0.4.
//!
//! Written by hand from one snapshot: the registry of `prometheus-client` writes OpenMetrics, in which the type and
//! help of a counter stand under another name than its samples, and scrapers of the older format then see counters
//! without type.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use control::{LogSort, OwnLogLine, Phase, Standing, StatusLine};

use crate::disk::Room;

/// All metrics of a status, and of the disk where it can be looked at.
pub(super) fn text(status: &StatusLine, room: Option<Room>) -> String {
    let mut out = Text(String::new());
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let version = [("version", status.version.as_str())];
    out.family("samenhang_build_info", "gauge", "Version of the program; always 1.");
    out.sample("samenhang_build_info", &version, 1);
    let mut gauge = |name: &str, help: &str, value: u64| {
        out.family(name, "gauge", help);
        out.sample(name, &[], value);
    };
    gauge("samenhang_ready", "1 when the node takes signals and questions.", u64::from(status.is_ready()));
    gauge(
        "samenhang_waiting_for_roster",
        "1 while no roster that names this node is installed.",
        u64::from(status.phase == Phase::WaitingForRoster),
    );
    let version = status.roster.as_ref().map_or(0, |roster| u64::from(roster.version));
    gauge("samenhang_roster_version", "Version of the roster in force; 0 without one.", version);
    gauge("samenhang_epoch", "The current epoch; 0 without a roster.", status.epoch.map_or(0, u64::from));
    let oldest = status.entered.values().min().copied();
    let behind = status.epoch.zip(oldest).map_or(0, |(runs, oldest)| runs.saturating_sub(oldest));
    gauge(
        "samenhang_epochs_behind",
        "Epochs by which a class of keys lags behind the one that runs; 0 when all is well.",
        u64::from(behind),
    );
    let next = status.next_epoch.as_ref();
    gauge(
        "samenhang_next_epoch_key_sets",
        "Classes whose keys of the next epoch are made; 0 while it is not prepared.",
        next.map_or(0, |next| count(next.key_sets.len())),
    );
    gauge(
        "samenhang_next_epoch_keys_late",
        "Classes whose keys of the next epoch are not made although half of the time for it has passed.",
        next.map_or(0, |next| count(next.late.len())),
    );
    gauge(
        "samenhang_next_epoch_published",
        "1 when everything is published in the next epoch.",
        next.map_or(0, |next| u64::from(next.published)),
    );
    gauge(
        "samenhang_key_sets",
        "Classes of keys that can be used; 2 when all is well.",
        count(status.key_sets.len()),
    );
    gauge(
        "samenhang_roster_conflicts",
        "Second rosters of one version that governors signed.",
        count(status.roster_conflicts),
    );
    let waiting = status.roster.as_ref().map_or(0, |roster| roster.waiting.len());
    gauge(
        "samenhang_rosters_waiting",
        "Versions of the roster that take effect when their notice is over.",
        count(waiting),
    );
    let keyholders = &status.keyholders;
    gauge("samenhang_keyholders_reachable", "Keyholders reachable now.", count(keyholders.reachable));
    gauge(
        "samenhang_keyholders_needed",
        "Keyholders needed for one evaluation.",
        count(keyholders.threshold),
    );
    gauge("samenhang_keyholders", "Keyholders in the roster.", count(keyholders.total));
    gauge(
        "samenhang_keys_waiting",
        "Linkage keys that wait for their pseudonym.",
        count(status.keys_waiting),
    );
    gauge("samenhang_tags_published", "Tags live in the own feeds.", count(status.tags_published));
    gauge(
        "samenhang_unit_matches",
        "Involvements of one own unit with a family of another.",
        count(status.unit_matches),
    );
    gauge(
        "samenhang_review_waiting",
        "Matches that wait for somebody to decide whether they mean the same family.",
        count(status.review.waiting),
    );
    gauge(
        "samenhang_review_oldest_seconds",
        "Whole days, in seconds, for which the oldest of them has been found; 0 without any.",
        status.review.oldest_days.saturating_mul(86_400),
    );
    gauge(
        "samenhang_objections_open",
        "Objections to own signals that nobody has decided.",
        count(status.rights.objections_open),
    );
    gauge(
        "samenhang_objections_oldest_seconds",
        "Whole days, in seconds, for which the oldest of them has waited; 0 without any.",
        status.rights.oldest_objection_days.saturating_mul(86_400),
    );
    gauge(
        "samenhang_incidents_open",
        "Incidents (wrong matches and persons) that nobody has closed.",
        count(status.rights.incidents_open),
    );
    gauge(
        "samenhang_incidents_overdue",
        "Of these, those whose 72 hours are over.",
        count(status.rights.incidents_overdue),
    );
    gauge(
        "samenhang_incident_left_seconds",
        "Whole hours, in seconds, that are left for the first open incident; 0 without any.",
        status.rights.incident_hours_left.saturating_mul(3_600),
    );
    gauge(
        "samenhang_informing_overdue",
        "Persons who should have been told by now that a signal is registered.",
        count(status.rights.informing_overdue),
    );
    gauge(
        "samenhang_published",
        "1 when everything of the own families is published.",
        u64::from(status.published),
    );
    if let Some(room) = room {
        gauge("samenhang_database_bytes", "Bytes of the database's files.", room.database_bytes);
        gauge("samenhang_disk_free_bytes", "Bytes free under the data folder.", room.free_bytes);
    }
    gauge("samenhang_readers", "Organisations that may read the own feeds.", count(status.readers.total));
    gauge(
        "samenhang_readers_behind",
        "Of these, those not known to have taken everything published.",
        count(status.readers.behind.len()),
    );
    gauge(
        "samenhang_clock_behind_seconds",
        "Seconds by which the clock stands before what was published already; nothing is published meanwhile.",
        status.clock.behind_own_seconds,
    );
    gauge(
        "samenhang_ceremony_problems",
        "Problems of the key ceremonies under way; 0 when all is well.",
        count(status.ceremonies.iter().map(|ceremony| ceremony.problems.len()).sum()),
    );
    gauge(
        "samenhang_leaving",
        "1 while the organisation is leaving the network.",
        u64::from(status.leaving.is_some()),
    );
    gauge(
        "samenhang_circles_hearing",
        "Circles in which nothing is published until others told what was published before the start.",
        count(status.hearing.len()),
    );
    // Without anybody to compare with there is no figure: 0 would say that the clock is right.
    if status.clock.members != 0 {
        let ahead = status.clock.ahead_minutes.saturating_mul(60);
        out.family(
            "samenhang_clock_ahead_seconds",
            "gauge",
            "Whole minutes, in seconds, by which the clock is ahead of those of other members.",
        );
        out.sample("samenhang_clock_ahead_seconds", &[], ahead);
    }

    out.family(
        "samenhang_feeds",
        "gauge",
        "Organisations that may publish to this one, by state of their feeds.",
    );
    for (state, number) in [
        ("current", status.dekking.actueel),
        ("incomplete", status.dekking.onvolledig.len()),
        ("stale", status.dekking.verouderd.len()),
        ("two_histories", status.dekking.tegenstrijdig.len()),
    ] {
        out.sample("samenhang_feeds", &[("state", state)], count(number));
    }
    out.family(
        "samenhang_proofs",
        "gauge",
        "Proofs held that organisations signed two histories of a feed, by what they mean now.",
    );
    for standing in Standing::ALL {
        let held = status.proofs.iter().filter(|proof| proof.standing == standing).count();
        out.sample("samenhang_proofs", &[("standing", standing.code())], count(held));
    }
    for (name, help, of) in [
        (
            "samenhang_log_cosigned_entries",
            "Entries of the newest checkpoint of the own log that enough witnesses cosigned.",
            (|log: &OwnLogLine| log.cosigned) as fn(&OwnLogLine) -> u64,
        ),
        ("samenhang_log_cosignatures", "Witnesses that cosigned it.", |log| {
            u64::try_from(log.cosignatures).unwrap_or(u64::MAX)
        }),
        ("samenhang_log_cosignatures_needed", "Witnesses that must cosign it.", |log| {
            u64::try_from(log.needed).unwrap_or(u64::MAX)
        }),
        (
            "samenhang_log_lost_entries",
            "Entries that witnesses remember and this node does not have; 0 when all is well.",
            |log| log.lost.as_ref().map_or(0, |lost| lost.last.saturating_sub(lost.first).saturating_add(1)),
        ),
    ] {
        out.family(name, "gauge", help);
        for log in &status.witnessing.logs {
            let label = match log.log {
                LogSort::Main => "main",
                LogSort::Evaluations => "evaluations",
            };
            out.sample(name, &[("log", label)], of(log));
        }
    }
    for (name, help, value) in [
        (
            "samenhang_log_forks",
            "Proofs held that organisations signed two logs, as far as they count now.",
            count(status.witnessing.forks.iter().filter(|fork| fork.open).count()),
        ),
        (
            "samenhang_log_challenges",
            "Organisations that did not show that two checkpoints are of one log.",
            count(status.witnessing.challenges.len()),
        ),
        (
            "samenhang_logs_remembered",
            "Logs of others that this node watches.",
            count(status.witnessing.remembered),
        ),
    ] {
        out.family(name, "gauge", help);
        out.sample(name, &[], value);
    }
    out.family("samenhang_members_connected", "gauge", "Members reached now, by path.");
    let connections = &status.connections;
    for (path, number) in
        [("tcp", connections.tcp), ("quic", connections.quic), ("relayed", connections.relayed)]
    {
        out.sample("samenhang_members_connected", &[("path", path)], number);
    }
    for (name, help, value) in [
        (
            "samenhang_relay_places",
            "Relays at which this node holds a place because nobody can dial it.",
            connections.places,
        ),
        (
            "samenhang_relay_carried",
            "Pairs of members whose connections this node relays.",
            connections.carried,
        ),
    ] {
        out.family(name, "gauge", help);
        out.sample(name, &[], value);
    }
    out.family("samenhang_keys_evaluated_total", "counter", "Linkage keys evaluated since the start.");
    out.sample("samenhang_keys_evaluated_total", &[], count(status.keys_evaluated));
    let evaluations = "samenhang_evaluations_counted";
    out.family(evaluations, "gauge", "Elements counted under the key set of an epoch and class.");
    for line in &status.evaluations {
        out.sample(evaluations, &[("epoch", &line.epoch.to_string()), ("class", &line.class)], line.counted);
    }
    out.family("samenhang_quotas_spent", "gauge", "Classes of keys that wait because the quota is spent.");
    let spent = status.evaluations.iter().filter(|line| line.spent).count();
    out.sample("samenhang_quotas_spent", &[], count(spent));
    out.family("samenhang_two_logs", "gauge", "Organisations that showed two evaluation logs.");
    out.sample("samenhang_two_logs", &[], count(status.two_logs.len()));
    out.counters(
        "samenhang_refused_total",
        "What peers sent and this node refused since the start, by reason.",
        &status.refused,
    );
    out.counters(
        "samenhang_network_troubles_total",
        "What the network refused, failed at or lost since the start, by kind.",
        &status.network,
    );
    out.0
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _written = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// Label values here are words of the program: nothing to escape.
    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _written = writeln!(self.0, "{name}{labels} {value}");
    }

    fn counters(&mut self, name: &str, help: &str, counts: &BTreeMap<String, u64>) {
        if counts.is_empty() {
            return;
        }
        self.family(name, "counter", help);
        for (reason, count) in counts {
            self.sample(name, &[("reason", reason)], *count);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::Oin;

    use super::*;
    use crate::daemon::lines;

    #[test]
    fn every_sample_follows_its_help_and_type() {
        let oin = Oin::test_number(1).unwrap();
        let mut status = lines::blank(oin, Phase::Running, Vec::new(), Vec::new());
        status.refused = BTreeMap::from([("not_allowed".to_owned(), 3)]);
        status.network = BTreeMap::from([("strangers_refused".to_owned(), 1)]);
        status.review = control::ReviewLine { waiting: 4, oldest_days: 2 };
        status.clock = control::ClockLine { members: 2, ahead_minutes: -3, behind_own_seconds: 0 };
        let room = Room { database_bytes: 7, free_bytes: 9, read_only: false };
        let text = text(&status, Some(room));
        let mut families = BTreeSet::new();
        let mut last = String::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                last = help.split(' ').next().unwrap().to_owned();
                assert!(families.insert(last.clone()), "{last} twice");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, last);
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            } else {
                let name = line.split(['{', ' ']).next().unwrap();
                assert_eq!(name, last);
                assert!(line.rsplit(' ').next().unwrap().parse::<i64>().is_ok(), "{line}");
            }
        }
        for expected in [
            "samenhang_ready 1",
            "samenhang_roster_conflicts 0",
            "samenhang_database_bytes 7",
            "samenhang_disk_free_bytes 9",
            "samenhang_clock_ahead_seconds -180",
            "samenhang_circles_hearing 0",
            "samenhang_review_waiting 4",
            "samenhang_review_oldest_seconds 172800",
            "samenhang_feeds{state=\"stale\"} 0",
            "samenhang_feeds{state=\"two_histories\"} 0",
            "samenhang_proofs{standing=\"open\"} 0",
            "samenhang_refused_total{reason=\"not_allowed\"} 3",
            "samenhang_network_troubles_total{reason=\"strangers_refused\"} 1",
        ] {
            assert!(text.lines().any(|line| line == expected), "{expected}");
        }
    }
}
