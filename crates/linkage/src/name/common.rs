//! Lists of common names for tests: one name a line, `#` begins a remark.

pub(super) fn names(list: &str) -> Vec<&str> {
    let lines = list.lines().map(str::trim);
    let names: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len(), "a name stands twice");
    names
}
