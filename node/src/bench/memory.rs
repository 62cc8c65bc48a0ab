//! How much memory a process takes.

use std::fs;

/// Bytes of this process that lie in memory now; `None` where the system does not tell.
pub(super) fn resident_bytes() -> Option<u64> {
    bytes_of("self", "VmRSS:")
}

/// Bytes of the process with this id that lie in memory now, and the most that ever did; `None` where the system does
/// not tell.
pub(super) fn now_and_peak_bytes(id: u32) -> Option<(u64, u64)> {
    let id = id.to_string();
    Some((bytes_of(&id, "VmRSS:")?, bytes_of(&id, "VmHWM:")?))
}

fn bytes_of(process: &str, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}
