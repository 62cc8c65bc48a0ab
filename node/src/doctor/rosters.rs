//! The installed rosters: whether they hold, how old they are, and what they say of this node.

use std::collections::BTreeSet;
use std::fs;
use std::time::UNIX_EPOCH;

use control::Phase;
use domain::Timestamp;
use roster::VerifiedRoster;

use super::Patient;
use super::finding::Findings;
use crate::governance::RosterFolder;
use crate::runtime::now;

/// A legal basis that lapses within this time is told: governors meet monthly.
const SOON_SECONDS: u64 = 60 * 86_400;

/// Looks at the roster folder, and at what the running node knows of it.
pub(super) fn look(patient: &Patient<'_>, findings: &mut Findings) {
    let folder = patient.config.roster_folder();
    // Opening a folder that is not there would make it.
    let chain = if folder.is_dir() {
        RosterFolder::open(&folder).and_then(|folder| Ok((folder.versions()?, folder.open_conflicts()?)))
    } else {
        Ok((None, Vec::new()))
    };
    let (chain, conflicts) = match chain {
        Ok(found) => found,
        Err(error) => {
            findings.wrong("roster", format!("{:#}", anyhow::Error::from(error)), "do as it says");
            return;
        }
    };
    for conflict in conflicts {
        findings.wrong(
            "roster",
            format!(
                "governors signed two different rosters of one version; {} is the second",
                conflict.display()
            ),
            "call the governors: they have signed twice, or a governor's key is in wrong hands",
        );
    }
    let known = patient.node.status().and_then(|status| status.roster.as_ref());
    for conflict in known.iter().flat_map(|roster| &roster.conflicts) {
        let (version, others) = (conflict.version, conflict.others.join(", "));
        match conflict.resolved_by {
            Some(decided) => findings.ok(
                "roster",
                format!("governors signed other rosters of version {version}, and version {decided} decided ({others})"),
            ),
            None => findings.wrong(
                "roster",
                format!("governors signed different rosters of version {version}; beside the own one: {others}"),
                "call the governors: they have signed twice, or a governor's key is in wrong hands; only a version that names \
                 both decides between them",
            ),
        }
    }
    // A node that waits for its roster has said so, and why.
    let waiting = patient.node.status().is_some_and(|status| status.phase == Phase::WaitingForRoster);
    let Some(chain) = chain else {
        if waiting {
            return;
        }
        findings.attention(
            "roster",
            "no roster is installed",
            "send the governors the join request that `samenhang init` wrote, and install the roster that they send \
             back with `samenhang roster install`",
        );
        return;
    };
    let roster = chain.newest();
    age(patient, roster, findings);
    lapsing(roster, now(), findings);
    addresses(patient, roster, findings);
}

fn age(patient: &Patient<'_>, roster: &VerifiedRoster, findings: &mut Findings) {
    let version = roster.version();
    let file = patient.config.roster_folder().join(format!("{version:08}.roster"));
    let since = fs::metadata(file).and_then(|held| held.modified()).ok();
    let since = since.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let since = since.map(|time| format!(", here since {}", Timestamp(time.as_secs()).date()));
    let epoch = roster.epoch_at(now());
    let next = roster.start_of(domain::Epoch(epoch.0.saturating_add(1)));
    findings.ok(
        "roster",
        format!(
            "version {version} of {}{}; epoch {} lasts until {next}",
            roster.name(),
            since.unwrap_or_default(),
            epoch.0
        ),
    );
    let Some(status) = patient.node.status() else { return };
    for waiting in status.roster.iter().flat_map(|roster| &roster.waiting) {
        findings.attention(
            "roster",
            format!(
                "version {} takes effect on {}: {}",
                waiting.version,
                waiting.takes_effect,
                waiting.changes.join("; ")
            ),
            "if nobody told you of it, call a governor: signed by a majority of them, it opens something",
        );
    }
    if let Some(running) = &status.roster
        && running.version < running.newest_heard.max(version)
    {
        findings.attention(
            "roster",
            format!(
                "the node acts on version {}, and version {} exists",
                running.version,
                running.newest_heard.max(version)
            ),
            "it arrives by itself within minutes; if it does not, ask a governor for the file and install it",
        );
    }
}

/// Legal bases that have lapsed, or will soon: signals on them end.
fn lapsing(roster: &VerifiedRoster, now: Timestamp, findings: &mut Findings) {
    let ends = |before: Timestamp| -> BTreeSet<String> {
        let bases = roster.document().legal_bases.iter();
        let ending = bases.filter(|basis| basis.valid_until.is_some_and(|until| until <= before.0));
        ending.map(|basis| basis.code.to_string()).collect()
    };
    let lapsed = ends(now);
    let soon: BTreeSet<String> = ends(now.plus(SOON_SECONDS)).difference(&lapsed).cloned().collect();
    let listed = |codes: &BTreeSet<String>| codes.iter().cloned().collect::<Vec<_>>().join(", ");
    if !lapsed.is_empty() {
        findings.attention(
            "roster",
            format!("expired in the roster: legal basis {}", listed(&lapsed)),
            "signals on it are no longer published; ask the governors whether a new roster extends it",
        );
    }
    if !soon.is_empty() {
        findings.attention(
            "roster",
            format!("ends within {} days: legal basis {}", SOON_SECONDS / 86_400, listed(&soon)),
            "ask the governors whether a new roster extends it; signals on it end with it",
        );
    }
}

/// Where the roster says that others reach this node.
fn addresses(patient: &Patient<'_>, roster: &VerifiedRoster, findings: &mut Findings) {
    let Some(member) = roster.member(&patient.config.oin) else {
        findings.wrong(
            "roster",
            format!("version {} does not name organisation {}", roster.version(), patient.config.oin),
            "send the governors the join request that `samenhang init` wrote, and install the version that names it",
        );
        return;
    };
    let wanted: BTreeSet<_> = patient.config.advertise.iter().copied().collect();
    let listed: BTreeSet<_> = member.socket_addresses().into_iter().collect();
    if wanted == listed {
        findings.ok("addresses", "the roster and the configuration name the same addresses");
        return;
    }
    let told = |addresses: &BTreeSet<std::net::SocketAddr>| match addresses.len() {
        0 => "none".to_owned(),
        _ => addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    findings.attention(
        "addresses",
        format!("others dial what the roster says ({}), the configuration says {}", told(&listed), told(&wanted)),
        "run `samenhang init` and send the new join request to a governor (`roster add-member --update`), or mend \
         node.advertise in the configuration",
    );
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use domain::Oin;

    use super::*;
    use crate::config::Config;
    use crate::doctor::finding::Verdict;
    use crate::doctor::node::Node;

    /// The patient's folder holds nothing; only what needs no files is looked at.
    fn without_rosters(folder: &Path) -> Config {
        let text = format!(
            "[organisation]\noin = \"{}\"\nname = \"A\"\nsector = \"jeugd\"\nworking_area = \"B\"\n\
             contact_point = \"C\"\nbsn_entitled = false\n[node]\ndata_folder = \"data\"\nlisten = []\n",
            Oin::test_number(1).unwrap()
        );
        Config::parse(&text, folder).unwrap()
    }

    #[test]
    fn a_folder_without_rosters_is_told_and_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let config = without_rosters(folder.path());
        let patient = Patient { config: &config, file: Path::new("node.toml"), node: Node::Stopped, uid: 0 };
        let mut findings = Findings::default();
        look(&patient, &mut findings);
        assert_eq!(findings.0.len(), 1);
        assert_eq!(findings.0[0].verdict, Verdict::Attention);
        assert!(findings.0[0].seen.contains("no roster is installed"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
