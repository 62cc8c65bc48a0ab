//! Commands that write a draft: the first roster, or the next version of one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use domain::{CircleId, Oin, Timestamp};
use roster::{ClaimedRoster, Fingerprint, Governors, Member, RosterContent, SignedRoster, only_narrows};

use super::source::{self, Request};
use super::{AddMemberArguments, Current, NewArguments, RemoveMemberArguments, SetArguments};
use crate::governance::{
    NetworkFile, apply, blank_content, changes, plain, span, unreachable_pairs, write_new,
};
use crate::runtime::{now, random_seed};

pub(super) fn new(given: NewArguments) -> Result<String> {
    let mut file = NetworkFile::read(&given.from)?;
    if given.name.is_some() {
        file.name = given.name;
    }
    if file.name.is_none() {
        bail!("the network has no name; give --name, or write name = \"…\" in {}", given.from.display());
    }
    if file.keyholders.is_none() {
        bail!(
            "{} has no [keyholders]; write which members (by OIN) hold the keys and how many of them are needed: \
             threshold = 2, members = [\"…\", \"…\", \"…\"]",
            given.from.display()
        );
    }
    let governors = source::governors(&given.governors, given.threshold)?;
    let requests = source::requests(&given.request)?;
    let now = now();
    let mut content = blank_content(governors, file.test_network.unwrap_or(false), now);
    admit(&mut content, &requests, false)?;
    apply_file(&file, &given.from, &mut content, None, now)?;
    let draft = SignedRoster::draft(None, content).context("this makes no roster")?;
    let claimed = draft.claimed()?;
    write_new(&given.out, &draft.to_wire(), false)?;
    let mut told = admitted(&claimed, &requests, now);
    let office = claimed.document.governors.clone();
    finish(&mut told, &claimed, &office, &given.out);
    Ok(told)
}

pub(super) fn add_member(given: AddMemberArguments) -> Result<String> {
    let current = source::in_force(&given.current.roster)?;
    let requests = source::requests(&given.request)?;
    let mut content = RosterContent::from(current.document.clone());
    admit(&mut content, &requests, given.update)?;
    next(current, content, given.from.as_deref(), &requests, &[], &given.current)
}

pub(super) fn remove_member(given: RemoveMemberArguments) -> Result<String> {
    let current = source::in_force(&given.current.roster)?;
    let content = RosterContent::from(current.document.clone());
    for oin in &given.oin {
        if !content.members.iter().any(|member| member.oin == *oin) {
            bail!("{oin} is no member of version {}; nothing was drafted", current.document.version);
        }
    }
    next(current, content, given.from.as_deref(), &[], &given.oin, &given.current)
}

pub(super) fn set(given: SetArguments) -> Result<String> {
    let current = source::in_force(&given.current.roster)?;
    let mut content = RosterContent::from(current.document.clone());
    if let Some(threshold) = given.threshold {
        content.governors = source::governors(&given.governors, threshold)?;
    }
    next(current, content, given.from.as_deref(), &[], &[], &given.current)
}

/// Drafts the version after `current`: the file's changes first, since they may free who is removed of a task.
fn next(
    current: ClaimedRoster,
    mut content: RosterContent,
    from: Option<&Path>,
    requests: &[Request],
    removed: &[Oin],
    place: &Current,
) -> Result<String> {
    let now = now();
    let after = place.after.as_deref().map(source::in_force).transpose()?;
    if let Some(path) = from {
        let highest = [Some(&current), after.as_ref()].into_iter().flatten();
        let highest = highest.map(|version| version.document.highest_index()).max();
        apply_file(&NetworkFile::read(path)?, path, &mut content, highest, now)?;
    }
    remove(&mut content, removed)?;
    if let Some(after) = &after
        && (after.network != current.network || after.document.version <= current.document.version)
    {
        bail!("--after names no later version than --roster in the same network; nothing was drafted");
    }
    let before = after.as_ref().unwrap_or(&current);
    let resolves = source::resolved(&place.resolves, &current, before)?;
    let draft = SignedRoster::draft_resolving(Some(before), content, &resolves);
    let draft = draft.context("this makes no roster")?;
    let claimed = draft.claimed()?;
    let differences = changes(&current.document, &claimed.document);
    if differences.is_empty() {
        bail!("nothing differs from version {}; nothing was drafted", current.document.version);
    }
    let out = place.out.as_path();
    write_new(out, &draft.to_wire(), false)?;
    let mut told = admitted(&claimed, requests, now);
    // Writing to memory does not fail, here and below.
    let _never = writeln!(told, "What changes from version {}:", current.document.version);
    for difference in &differences {
        let _never = writeln!(told, "  {}: {}", difference.subject, difference.change);
    }
    let notice = current.document.rules.notice_seconds;
    let at_once = only_narrows(&current.document, &claimed.document, Some(now));
    if notice > 0 {
        let _never = if at_once {
            writeln!(told, "It only takes away: it takes effect wherever it arrives.")
        } else {
            writeln!(told, "It takes effect on a node {} after the node first saw it.", span(notice.into()))
        };
    }
    if !resolves.is_empty() {
        let _never = writeln!(
            told,
            "Nodes that hold another of these rosters cross over to it when enough governors of the version that is in force \
             there signed it as well; where it opens something compared with that one, after their notice."
        );
    }
    let _never = writeln!(told);
    // What is at once is for those in office to sign, whoever would come after them.
    let urgent = notice > 0 && at_once;
    let office = after.as_ref().filter(|_| !urgent).unwrap_or(&current).document.governors.clone();
    finish(&mut told, &claimed, &office, out);
    Ok(told)
}

fn apply_file(
    file: &NetworkFile,
    path: &Path,
    content: &mut RosterContent,
    highest_index: Option<u16>,
    now: Timestamp,
) -> Result<()> {
    let seed = random_seed()?;
    let mut drawn = 0;
    let draw = || {
        drawn += 1;
        let mut id = [0; 16];
        id.copy_from_slice(seed.derive("circle id", drawn).reveal().split_at(16).0);
        CircleId::from_bytes(id)
    };
    apply(file, content, highest_index, now, draw).with_context(|| format!("{} was refused", path.display()))
}

/// Lists the organisations as members; those that are members already only with `update`.
fn admit(content: &mut RosterContent, requests: &[Request], update: bool) -> Result<()> {
    let mut flaws = Vec::new();
    for request in requests {
        let asked = Member::from(request.signed.document());
        match content.members.iter_mut().find(|member| member.oin == asked.oin) {
            None => content.members.push(asked),
            Some(member) if update => {
                member.name = asked.name;
                member.working_area = asked.working_area;
                member.keys = asked.keys;
                member.addresses = asked.addresses;
                member.contact_point = asked.contact_point;
                member.relay = asked.relay;
            }
            Some(member) => flaws.push(format!(
                "{}: {} ({}) is a member already; add --update to take its new keys and addresses",
                request.file.display(),
                plain(&member.name),
                member.oin
            )),
        }
    }
    for (place, member) in content.members.iter().enumerate() {
        let keys: Vec<_> = member.keys.signing().collect();
        for other in content.members.iter().take(place) {
            if other.keys.signing().any(|key| keys.contains(&key)) {
                flaws.push(format!(
                    "{} ({}) and {} ({}) present the same key: one of the requests is a copy; ask both organisations",
                    plain(&other.name),
                    other.oin,
                    plain(&member.name),
                    member.oin
                ));
            }
        }
    }
    if flaws.is_empty() { Ok(()) } else { bail!("{}", flaws.join("\n")) }
}

fn remove(content: &mut RosterContent, removed: &[Oin]) -> Result<()> {
    for oin in removed {
        if let Some(held) = content.keyholders.iter().find(|held| held.oin == *oin) {
            bail!(
                "{oin} is keyholder {}; name the keyholders that remain in the same version: --from a file with \
                 [keyholders]",
                held.index
            );
        }
    }
    let granted = &mut content.accountability;
    if let Some(witness) = granted.witnesses.members.iter().find(|witness| removed.contains(&witness.0)) {
        bail!(
            "{} is a witness; name the witnesses that remain in the same version: --from a file with [witnesses]",
            witness.0
        );
    }
    granted.quotas.retain(|quota| quota.member.is_none_or(|member| !removed.contains(&member.0)));
    granted.bulk_allowances.retain(|one| !removed.contains(&one.member.0));
    granted.log_generations.retain(|one| !removed.contains(&one.member.0));
    content.members.retain(|member| !removed.contains(&member.oin));
    Ok(())
}

/// The organisations that were admitted, each with the fingerprint to check, and what is odd about them.
fn admitted(roster: &ClaimedRoster, requests: &[Request], now: Timestamp) -> String {
    /// A request older than this was perhaps overtaken by another.
    const OLD_DAYS: u64 = 90;

    let mut told = String::new();
    if requests.is_empty() {
        return told;
    }
    let document = &roster.document;
    let sectors: BTreeSet<_> = document
        .circles
        .iter()
        .flat_map(|circle| &circle.open)
        .flat_map(|pair| [&pair.publisher, &pair.reader])
        .collect();
    let _never = writeln!(told, "Join requests: {}\n", requests.len());
    for request in requests {
        let asked = request.signed.document();
        let Some(member) = document.members.iter().find(|member| member.oin == asked.oin) else { continue };
        let bsn = if member.bsn_entitled { "entitled to the BSN" } else { "not entitled to the BSN" };
        let _never = writeln!(told, "{}  {}", member.oin, plain(&member.name));
        let _never = writeln!(told, "    {}, {bsn}; asked on {}", member.sector, asked.time.date());
        let _never = writeln!(told, "    fingerprint  {}", Fingerprint::from(&request.signed));
        let mut remark = |text: &str| {
            let _never = writeln!(told, "    note: {text}");
        };
        if member.sector != asked.sector {
            remark(&format!("it asked for the sector {}", asked.sector));
        }
        if member.bsn_entitled != asked.bsn_entitled {
            let wish = if asked.bsn_entitled { "to be" } else { "not to be" };
            remark(&format!("it asked {wish} entitled to the BSN"));
        }
        if !sectors.contains(&member.sector) {
            remark("no circle names its sector: it neither publishes nor reads");
        }
        match (asked.relay, member.relay) {
            (true, true) => remark("it relays for members behind firewalls"),
            (true, false) => remark("it offered to relay for members behind firewalls"),
            (false, true) => remark("it did not offer to relay; its node must be configured to"),
            (false, false) => {}
        }
        if member.is_outbound_only() {
            remark("it only dials out: others like it reach it through relays");
        }
        if now.since(asked.time) > OLD_DAYS * 86_400 {
            remark("the request is old; ask whether there is a newer one");
        }
        for address in &member.addresses {
            match address.parse::<SocketAddr>() {
                Err(_) => remark(&format!("nobody can dial '{address}': expected address:port")),
                Ok(parsed) if parsed.ip().is_unspecified() || parsed.port() == 0 => {
                    remark(&format!("nobody can dial {address}: it names no place"));
                }
                Ok(_) => {}
            }
        }
    }
    if let Some(note) = unreachable_pairs(document) {
        let _never = writeln!(told, "\nnote: {note}");
    }
    let _never = writeln!(
        told,
        "\nBefore you sign, call each organisation on a number that you know from elsewhere and compare the fingerprint.\n"
    );
    told
}

/// What was written and what comes next.
fn finish(told: &mut String, claimed: &ClaimedRoster, office: &Governors, out: &Path) {
    let document = &claimed.document;
    let _never = writeln!(
        told,
        "{} is a draft of version {} of {} with {}.",
        out.display(),
        document.version,
        plain(&document.name),
        members(document.members.len()),
    );
    let _never = writeln!(told, "Its fingerprint is   {}", claimed.fingerprint());
    let _never = writeln!(
        told,
        "{} of {} governors must sign it, one after the other: samenhang roster sign --key KEY {}",
        office.threshold,
        office.keys.len(),
        out.display()
    );
}

fn members(count: usize) -> String {
    if count == 1 { "1 member".to_owned() } else { format!("{count} members") }
}
