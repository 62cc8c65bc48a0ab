//! Keys that a TOML file may not hold, each told by name, line, and the nearest key that it may hold.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table of the file: how messages name it, its keys, and the tables among them.
pub(super) struct Table {
    pub(super) shown: &'static str,
    pub(super) keys: &'static [&'static str],
    pub(super) tables: &'static [(&'static str, Table)],
}

/// A flaw of the file at a place in its text.
pub(super) type Flaw = (Range<usize>, String);

/// Gathers the keys that a table does not have, and looks into the tables it does.
pub(super) fn unknown(found: &DeTable<'_>, table: &Table, flaws: &mut Vec<Flaw>) {
    for (key, value) in found {
        let name: &str = key.get_ref();
        if !table.keys.contains(&name) {
            let shown = name.escape_debug();
            let meant = nearest(name, table.keys);
            flaws.push((key.span(), format!("unknown key '{shown}' in {}{meant}", table.shown)));
        } else if let Some((_, inner)) = table.tables.iter().find(|(known, _)| *known == name) {
            inner_tables(value).for_each(|found| unknown(found, inner, flaws));
        }
    }
}

/// The table, or the tables of a list.
fn inner_tables<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> impl Iterator<Item = &'a DeTable<'i>> {
    let listed = value.get_ref().as_array().into_iter().flatten();
    value.get_ref().as_table().into_iter().chain(listed.filter_map(|entry| entry.get_ref().as_table()))
}

/// `; did you mean 'x'?`
fn nearest(name: &str, known: &[&str]) -> String {
    let likeness = |candidate: &str| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), candidate);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.map(|nearest| format!("; did you mean '{nearest}'?")).unwrap_or_default()
}

/// A flaw with its line, counted from 1, as one line.
pub(super) fn told(text: &str, span: Option<Range<usize>>, flaw: &str) -> String {
    let flaw = flaw.split_whitespace().collect::<Vec<_>>().join(" ");
    match span.and_then(|span| text.as_bytes().get(..span.start)) {
        Some(before) => {
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            format!("line {line}: {flaw}")
        }
        None => flaw,
    }
}
