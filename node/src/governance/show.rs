//! A roster for people, and as JSON.

use std::fmt::Write as _;

use domain::Timestamp;
use roster::{ClaimedRoster, Fingerprint, OpenPair, RosterDocument};
use serde_json::{Value, json};

use super::{granted, plain};

/// A page that says everything a roster holds. How far it is signed is said by its own governors; of a later
/// version only the chain tells whether they were in office.
#[must_use]
pub fn describe(roster: &ClaimedRoster) -> String {
    let document = &roster.document;
    let mut page = Page::default();
    page.line(&format!("{} — roster, version {}", plain(&document.name), document.version));
    if document.test_network {
        page.line("A TEST NETWORK: production minimums do not bind; synthetic families only.");
    }
    page.line(&format!("network      {}", Fingerprint::from(roster.network)));
    page.line(&format!("             {}", roster.network));
    page.line(&format!("this version {}", roster.fingerprint()));
    if let Some(previous) = document.previous {
        page.line(&format!("builds on    {}", Fingerprint::of(previous.as_bytes())));
    }
    for named in &document.resolves {
        page.line(&format!("decides on   {named}"));
    }
    signatures(&mut page, roster);
    rules(&mut page, document);
    circles(&mut page, document);
    page.heading("Legal bases");
    for basis in &document.legal_bases {
        let consent = if basis.consent_required { "; consent required" } else { "" };
        let until =
            basis.valid_until.map(|until| format!("; until {}", Timestamp(until))).unwrap_or_default();
        let more = [("AVG 9/10", &basis.avg9), ("secrecy", &basis.secrecy)];
        let more: String = more
            .into_iter()
            .filter_map(|(what, text)| Some(format!("; {what}: {}", plain(text.as_ref()?))))
            .collect();
        let (article, avg6) = (plain(&basis.article), plain(&basis.avg6));
        page.line(&format!("{}  {article}; AVG {avg6}{more}{consent}{until}", basis.code));
    }
    page.heading(&format!(
        "Keyholders: {} of these {} are needed for one evaluation",
        document.threshold,
        document.keyholders.len()
    ));
    for held in &document.keyholders {
        let member = document.members.iter().find(|member| member.oin == held.oin);
        let name = member.map(|member| plain(&member.name)).unwrap_or_default();
        page.line(&format!("{:>3}  {}  {name}", held.index, held.oin));
    }
    page.heading(&format!("Members: {}", document.members.len()));
    for member in &document.members {
        let bsn = if member.bsn_entitled { "BSN" } else { "no BSN" };
        page.line(&format!("{}  {}  ({}, {bsn})", member.oin, plain(&member.name), member.sector));
        let addresses = match member.addresses.as_slice() {
            [] => "only dials out".to_owned(),
            some => plain(&some.join(", ")),
        };
        let addresses = if member.relay { format!("{addresses}, relays for others") } else { addresses };
        let (area, contact) = (plain(&member.working_area), plain(&member.contact_point));
        page.line(&format!("     {area}; {addresses}; contact: {contact}"));
    }
    if let Some(note) = unreachable_pairs(document) {
        page.line(&format!("note: {note}"));
    }
    let granted = granted::lines(document);
    if !granted.is_empty() {
        page.heading("Logs and quotas");
    }
    for line in granted {
        page.line(&line);
    }
    if !document.institutions.is_empty() {
        page.heading(&format!("Institution addresses: {}", document.institutions.len()));
    }
    page.0
}

/// What governors should know about members that only dial out, if there is something.
#[must_use]
pub fn unreachable_pairs(document: &RosterDocument) -> Option<String> {
    let outbound_only = document.members.iter().filter(|member| member.is_outbound_only()).count();
    if outbound_only < 2 || document.members.iter().any(|member| member.relay) {
        return None;
    }
    Some(format!(
        "{outbound_only} members only dial out and no member relays: these will not reach each other. Ask a member that \
         others can dial to relay"
    ))
}

/// A span of time in words.
#[must_use]
pub fn span(seconds: u64) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        86_400 => "1 day".to_owned(),
        days if days.is_multiple_of(86_400) => format!("{} days", days / 86_400),
        seconds => format!("{seconds} s"),
    }
}

fn signatures(page: &mut Page, roster: &ClaimedRoster) {
    let governors = &roster.document.governors;
    page.heading(&format!(
        "Governors: {} of these {} sign the next version",
        governors.threshold,
        governors.keys.len()
    ));
    for key in &governors.keys {
        let signed = if roster.signers.contains(key) { "signed this version" } else { "" };
        page.line(format!("{}  {signed}", Fingerprint::of_governor(key)).trim_end());
    }
    for key in roster.signers.iter().filter(|key| !governors.keys.contains(*key)) {
        page.line(&format!("{}  signed this version, is no governor in it", Fingerprint::of_governor(key)));
    }
    if roster.signers.is_empty() {
        page.line("Nobody has signed this version: it is a draft.");
    }
}

fn rules(page: &mut Page, document: &RosterDocument) {
    let rules = &document.rules;
    page.heading("Rules");
    let length = span(rules.epoch.length_seconds);
    let start = Timestamp(rules.epoch.anchor_time);
    page.line(&format!("an epoch lasts {length}; epoch {} starts {start}", rules.epoch.anchor_epoch));
    let (prepared, grace) = (span(rules.epoch.preparation_seconds), span(rules.epoch.grace_seconds));
    page.line(&format!(
        "it is prepared {prepared} before it starts, and matched on until {grace} after its end"
    ));
    page.line(&if rules.notice_seconds == 0 {
        "a version takes effect as soon as a node has it".to_owned()
    } else {
        format!("what widens takes effect {} after a node first saw it", span(rules.notice_seconds.into()))
    });
    page.line(&format!("a segment is published every {} s", rules.publish_interval_seconds));
    page.line(&format!("a member silent for {} s counts as stale", rules.heartbeat_seconds));
    page.line(&format!("a key ceremony must be complete in {} s", rules.ceremony_deadline_seconds));
    page.line(&format!("a feed has at most {} tags live", rules.live_tags));
    page.line(&format!("everything is published anew after {} segments", rules.segments_per_snapshot));
}

fn circles(page: &mut Page, document: &RosterDocument) {
    for circle in &document.circles {
        page.heading(&format!("Circle '{}': {}", plain(&circle.name), plain(&circle.purpose)));
        if circle.trial {
            page.line("A TRIAL CIRCLE (proef): synthetic families only");
        }
        let codes: Vec<String> = circle.legal_bases.iter().map(|basis| basis.0.to_string()).collect();
        page.line(&format!(
            "legal bases: {}",
            if codes.is_empty() { "none".to_owned() } else { codes.join(", ") }
        ));
        let mut rest = circle.open.as_slice();
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|pair| pair.publisher == first.publisher).count();
            let (row, after) = rest.split_at(same);
            let told = |pair: &OpenPair| {
                let on: Vec<&str> = pair.legal_bases.iter().map(|code| code.0.as_str()).collect();
                let on = if on.is_empty() { String::new() } else { format!(" (on {})", on.join(", ")) };
                format!("{}{on}", pair.reader)
            };
            let readers: Vec<String> = row.iter().map(told).collect();
            page.line(&format!("{} publishes to {}", first.publisher, readers.join(", ")));
            rest = after;
        }
        page.line("every other pair is closed");
    }
}

/// Lines under headings.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        // Writing to memory does not fail.
        let _never = writeln!(self.0, "{line}");
    }

    fn heading(&mut self, heading: &str) {
        let _never = writeln!(self.0, "\n{heading}");
    }
}

/// The same for programs. Fields are only ever added.
#[must_use]
pub fn json(roster: &ClaimedRoster) -> Value {
    let document = &roster.document;
    let rules = &document.rules;
    json!({
        "name": document.name,
        "test_network": document.test_network,
        "version": document.version,
        "network": roster.network.to_string(),
        "network_fingerprint": Fingerprint::from(roster.network).to_string(),
        "digest": roster.digest.to_string(),
        "fingerprint": roster.fingerprint().to_string(),
        "previous": document.previous.map(|digest| digest.to_string()),
        "governors": {
            "threshold": document.governors.threshold,
            "keys": document.governors.keys.iter().map(|key| json!({
                "key": key.to_string(),
                "fingerprint": Fingerprint::of_governor(key).to_string(),
                "signed": roster.signers.contains(key),
            })).collect::<Vec<_>>(),
        },
        "signers": roster.signers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "rules": {
            "anchor_epoch": rules.epoch.anchor_epoch,
            "anchor_time_seconds": rules.epoch.anchor_time,
            "epoch_seconds": rules.epoch.length_seconds,
            "grace_seconds": rules.epoch.grace_seconds,
            "preparation_seconds": rules.epoch.preparation_seconds,
            "publish_interval_seconds": rules.publish_interval_seconds,
            "heartbeat_seconds": rules.heartbeat_seconds,
            "ceremony_deadline_seconds": rules.ceremony_deadline_seconds,
            "live_tags": rules.live_tags,
            "segments_per_snapshot": rules.segments_per_snapshot,
            "notice_seconds": rules.notice_seconds,
        },
        "circles": document.circles.iter().map(|circle| json!({
            "id": circle.id.to_string(),
            "name": circle.name,
            "purpose": circle.purpose,
            "trial": circle.trial,
            "legal_bases": circle.legal_bases.iter().map(|basis| basis.0.as_str()).collect::<Vec<_>>(),
            "open": circle.open.iter().map(|pair| json!({
                "publisher": pair.publisher.as_str(),
                "reader": pair.reader.as_str(),
                "legal_bases": pair.legal_bases.iter().map(|code| code.0.as_str()).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "legal_bases": document.legal_bases.iter().map(|basis| json!({
            "code": basis.code.as_str(),
            "article": basis.article,
            "avg6": basis.avg6,
            "avg9": basis.avg9,
            "secrecy": basis.secrecy,
            "consent_required": basis.consent_required,
            "valid_until_seconds": basis.valid_until,
        })).collect::<Vec<_>>(),
        "keyholders": {
            "threshold": document.threshold,
            "members": document.keyholders.iter().map(|held| json!({
                "index": held.index,
                "oin": held.oin.as_str(),
            })).collect::<Vec<_>>(),
        },
        "members": document.members.iter().map(|member| json!({
            "oin": member.oin.as_str(),
            "name": member.name,
            "sector": member.sector.as_str(),
            "working_area": member.working_area,
            "bsn_entitled": member.bsn_entitled,
            "organisation_key": member.keys.organisation.to_string(),
            "node_key": member.keys.node.to_string(),
            "log_key": member.keys.log.map(|key| key.to_string()),
            "cosignature_key": member.keys.cosignature.map(|key| key.to_string()),
            "privacy_officer_key": member.keys.privacy_officer.map(|key| key.to_string()),
            "fg_key": member.keys.fg.map(|key| key.to_string()),
            "addresses": member.addresses,
            "contact_point": member.contact_point,
            "relay": member.relay,
        })).collect::<Vec<_>>(),
        "accountability": granted::json(&document.accountability),
        "institutions": document.institutions.len(),
        "resolves": document.resolves.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
