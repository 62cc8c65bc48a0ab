//! Room: disk, memory, and open files.

use std::fs;

use super::Patient;
use super::finding::Findings;
use super::node::Node;
use crate::disk::Room;

/// The engine gives no space back after deletes: at its worst the database takes six times what is in it.
const TIMES_THE_DATA: u64 = 6;

/// Less than this is little for anything: logs, rosters, a backup on the same disk.
const LITTLE_BYTES: u64 = 1 << 30;

/// With less than this a commit may fail at any moment, and the node stops.
const NOTHING_BYTES: u64 = 64 << 20;

/// The page cache of the engine, the passphrase hash, and the feeds of a large network.
const MEMORY_BYTES: u64 = 512 << 20;

/// Files of the database, clients, health.
const OWN_FILES: u64 = 256;

/// Connections that one member may hold, and one more that is being made.
const FILES_PER_MEMBER: u64 = 5;

/// Looks at disk, memory and open files.
pub(super) fn look(patient: &Patient<'_>, findings: &mut Findings) {
    disk(patient, findings);
    // Without a node the database was opened and counted when that was possible.
    if let Some(status) = patient.node.status() {
        enough(patient, status.logical_bytes, findings);
    }
    memory(findings);
    open_files(patient, findings);
}

fn disk(patient: &Patient<'_>, findings: &mut Findings) {
    let folder = &patient.config.data_folder;
    let room = match Room::under(folder) {
        Ok(room) => room,
        Err(error) => {
            findings.unknown(
                "disk",
                format!("cannot look at the disk of {}: {error}", folder.display()),
                "see permissions",
            );
            return;
        }
    };
    let free = amount(room.free_bytes);
    if room.read_only {
        findings.wrong(
            "disk",
            format!("the disk of {} takes no writes", folder.display()),
            "mount it for writing; when it turned so by itself, check it for errors first",
        );
    } else if room.free_bytes < NOTHING_BYTES {
        findings.wrong("disk", format!("only {free} free"), "make room: the node stops when a write fails");
    } else if room.free_bytes < LITTLE_BYTES {
        findings.attention("disk", format!("only {free} free"), "make room before it runs full");
    } else {
        findings.ok("disk", format!("{free} free, the database takes {}", amount(room.database_bytes)));
    }
}

/// Whether the disk has room for six times the data, counting what the database takes already.
pub(super) fn enough(patient: &Patient<'_>, logical_bytes: u64, findings: &mut Findings) {
    if let Ok(room) = Room::under(&patient.config.data_folder) {
        judge(room, logical_bytes, findings);
    }
}

fn judge(room: Room, logical_bytes: u64, findings: &mut Findings) {
    let wanted = logical_bytes.saturating_mul(TIMES_THE_DATA);
    let there = room.database_bytes.saturating_add(room.free_bytes);
    let data = amount(logical_bytes);
    if there >= wanted {
        findings.ok("disk", format!("room for {TIMES_THE_DATA} times the data ({data})"));
    } else {
        findings.attention(
            "disk",
            format!(
                "the data is {data}, and {} is there for it, less than {TIMES_THE_DATA} times as much",
                amount(there)
            ),
            format!(
                "give the disk {} more: the database does not give space back by itself",
                amount(wanted - there)
            ),
        );
    }
}

fn memory(findings: &mut Findings) {
    let available = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    match available.map(|kibibytes| kibibytes.saturating_mul(1_024)) {
        Some(bytes) if bytes >= MEMORY_BYTES => findings.ok("memory", format!("{} available", amount(bytes))),
        Some(bytes) => findings.attention(
            "memory",
            format!("{} available", amount(bytes)),
            format!("{} should be: stop what else runs here, or give the machine more", amount(MEMORY_BYTES)),
        ),
        None => findings.unknown("memory", "the system does not say how much is available", "see to 512 MiB"),
    }
}

/// The limit of the node's process where one runs, else of this one.
fn open_files(patient: &Patient<'_>, findings: &mut Findings) {
    let (process, whose) = match patient.node {
        Node::Running { process: Some(process), .. } => (process.to_string(), "the node"),
        Node::Running { process: None, .. } | Node::Stopped | Node::Silent(_) => {
            ("self".to_owned(), "this shell")
        }
    };
    let members =
        patient.node.status().and_then(|status| status.roster.as_ref()).map_or(0, |roster| roster.members);
    let members = u64::try_from(members).unwrap_or(u64::MAX);
    let wanted = members.saturating_mul(FILES_PER_MEMBER).saturating_add(OWN_FILES);
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap_or_default();
    match soft_limit(&limits) {
        Some(limit) if limit >= wanted => findings.ok("open files", format!("{whose} may have {limit} open")),
        Some(limit) => findings.attention(
            "open files",
            format!("{whose} may have {limit} open, and a network of this size can take {wanted}"),
            "raise the limit: LimitNOFILE= in the unit, or `ulimit -n`",
        ),
        None => findings.unknown("open files", "the system does not say how many may be open", "see to 4096"),
    }
}

/// `Max open files   1024   524288   files`
fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Bytes for people.
pub(super) fn amount(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn six_times_the_data_must_fit() {
        fn check(free_bytes: u64, logical_bytes: u64, expected: Verdict) {
            let mut findings = Findings::default();
            let room = Room { database_bytes: 100, free_bytes, read_only: false };
            judge(room, logical_bytes, &mut findings);
            assert_eq!(findings.0[0].verdict, expected, "{:?}", findings.0[0]);
        }
        check(500, 100, Verdict::Ok);
        check(499, 100, Verdict::Attention);
        check(0, 0, Verdict::Ok);
        check(u64::MAX, u64::MAX, Verdict::Ok);
    }

    #[test]
    fn amounts_are_told_in_units() {
        for (bytes, told) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_536, "1.5 KiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "17179869183.9 GiB"),
        ] {
            assert_eq!(amount(bytes), told);
        }
    }

    #[test]
    fn the_limit_of_open_files_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(soft_limit(limits), Some(1_024));
        assert_eq!(soft_limit("Max open files unlimited unlimited files"), Some(u64::MAX));
        assert_eq!(soft_limit(""), None);
    }
}
