//! Yearly figures out of the main log: counted without names, summable over organisations, small numbers withheld.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use audit::{Details, Entry, Event, IncidentStep, InformingStep, ObjectionStep, Said};
use control::LogLine;
use domain::{Oin, Timestamp};
use serde::{Deserialize, Serialize};

/// Counts from one to this are withheld: with them somebody could be recognised.
const LARGEST_WITHHELD: u64 = 4;

/// Up to how many days after a match was told somebody said what it is; what took longer stands behind the last.
const DAYS: [(u64, &str); 4] =
    [(0, "dezelfde dag"), (7, "binnen 7 dagen"), (30, "binnen 30 dagen"), (90, "binnen 90 dagen")];

/// Version of the format of a file of figures.
const FORMAT: u32 = 1;

/// Most organisations in one sum: as many as a network has members.
const MAX_ORGANISATIONS: u32 = 10_000;

/// A count as it may be shown: exactly, or as a range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cell {
    pub(crate) minst: u64,
    pub(crate) hoogst: u64,
}

impl Cell {
    fn of(count: u64) -> Self {
        match count {
            1..=LARGEST_WITHHELD => Self { minst: 1, hoogst: LARGEST_WITHHELD },
            count => Self { minst: count, hoogst: count },
        }
    }

    /// A part of a total that is shown beside it: withheld as well when the rest is small.
    fn part(count: u64, total: u64) -> Self {
        match total.saturating_sub(count) {
            1..=LARGEST_WITHHELD if count > LARGEST_WITHHELD => {
                Self { minst: total.saturating_sub(LARGEST_WITHHELD), hoogst: total.saturating_sub(1) }
            }
            _ => Self::of(count),
        }
    }
}

/// Questions, and counts that are parts of them.
const ASKED: &str = "vragen";
const PARTS_OF_ASKED: [&str; 2] = ["vragen zonder andere betrokkene", "vragen met een onvolledig antwoord"];

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { minst, hoogst } = self;
        if minst == hoogst { write!(f, "{minst}") } else { write!(f, "{minst} tot {hoogst}") }
    }
}

/// What is counted, in the order in which it is shown.
const COUNTED: [&str; 19] = [
    "signalen geregistreerd",
    "signalen ingetrokken",
    "sleutels ter evaluatie aangeboden",
    "vragen",
    "vragen zonder andere betrokkene",
    "vragen met een onvolledig antwoord",
    "vragen geweigerd",
    "matches gemeld",
    "matches als zelfde gezin beoordeeld",
    "matches als ander gezin beoordeeld",
    "oordelen teruggenomen",
    "reservekopieën",
    "inzagen in het logboek",
    "bezwaren",
    "bezwaren gegrond",
    "bezwaren ongegrond",
    "verkeerde matches of personen",
    "personen geïnformeerd",
    "inzageverslagen verstrekt",
];

/// The figures of a year, of one organisation or of several together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    samenhang_cijfers: u32,
    pub(crate) jaar: u16,
    /// Numbers of the organisations, ascending.
    pub(crate) organisaties: Vec<String>,
    /// By what is counted.
    pub(crate) aantallen: BTreeMap<String, Cell>,
    /// Judged matches by how long after they were told.
    pub(crate) beoordeeld_na: BTreeMap<String, Cell>,
    /// Median of the days between; of one organisation only, and only when enough were judged.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) mediaan_dagen: Option<u64>,
    /// Entries of this year that were erased before they were counted, so that the figures are too low.
    pub(crate) gewist: u64,
}

/// Counts a log entry by entry.
pub(crate) struct Counting {
    year: u16,
    counts: [u64; COUNTED.len()],
    /// When a match was told, by family and organisation.
    told: BTreeMap<(String, Oin), Timestamp>,
    /// Days from a match that was told to its first judgement this year.
    days: Vec<u64>,
    erased: u64,
    /// The year of the last entry that can be read: erased ones before it are older.
    any_of_year: bool,
}

impl Counting {
    pub(crate) fn new(year: u16) -> Self {
        let (told, days) = (BTreeMap::new(), Vec::new());
        Self { year, counts: [0; COUNTED.len()], told, days, erased: 0, any_of_year: false }
    }

    /// Takes the next entry.
    pub(crate) fn take(&mut self, line: &LogLine) -> Result<()> {
        let unreadable = || format!("entry {} of the main log cannot be read", line.place);
        let Some(entry) = &line.entry else {
            self.erased += 1;
            return Ok(());
        };
        let entry =
            Entry::from_bytes(&hex::decode(entry).with_context(unreadable)?).with_context(unreadable)?;
        let family = match &line.details {
            Some(bytes) => {
                let details = hex::decode(bytes).with_context(unreadable)?;
                Details::from_bytes(&details).with_context(unreadable)?.family.clone()
            }
            None => None,
        };
        let is_of_year = entry.time.date().year() == self.year;
        if entry.time.date().year() < self.year && !self.any_of_year {
            // Whatever was erased before this is older still.
            self.erased = 0;
        }
        self.any_of_year |= is_of_year;
        self.follow(&entry, family, is_of_year);
        if is_of_year {
            self.count(&entry.event);
        }
        Ok(())
    }

    /// Follows a match from when it was told to when it was judged, which may be another year.
    fn follow(&mut self, entry: &Entry, family: Option<String>, is_of_year: bool) {
        let Some(family) = family else { return };
        if let Event::MatchSeen { organisation, .. } = entry.event {
            self.told.entry((family, organisation)).or_insert(entry.time);
        } else if let Event::Statement { organisation, said: Said::Same | Said::Different } = entry.event
            && let Some(told) = self.told.remove(&(family, organisation))
            && is_of_year
        {
            self.days.push(entry.time.since(told) / 86_400);
        }
    }

    fn count(&mut self, event: &Event) {
        let mut add = |name: &str, count: u64| {
            let place = COUNTED.iter().position(|counted| *counted == name);
            if let Some(cell) = place.and_then(|place| self.counts.get_mut(place)) {
                *cell += count;
            }
        };
        match event {
            Event::SignalRegistered => add("signalen geregistreerd", 1),
            Event::SignalWithdrawn => add("signalen ingetrokken", 1),
            Event::Question { families, found, complete } => {
                add("vragen", 1);
                add("vragen zonder andere betrokkene", u64::from(*families == 1 && *found == 0));
                add("vragen met een onvolledig antwoord", u64::from(!complete));
            }
            Event::MatchSeen { .. } => add("matches gemeld", 1),
            Event::Statement { said: Said::Same, .. } => add("matches als zelfde gezin beoordeeld", 1),
            Event::Statement { said: Said::Different, .. } => add("matches als ander gezin beoordeeld", 1),
            Event::Statement { said: Said::TakenBack, .. } => add("oordelen teruggenomen", 1),
            Event::Refusal { wanted: audit::Wanted::Question } => add("vragen geweigerd", 1),
            Event::Export { exported: audit::Exported::Backup } => add("reservekopieën", 1),
            Event::Export { exported: audit::Exported::Log } => add("inzagen in het logboek", 1),
            Event::EvaluationRequested { keys, .. } => {
                add("sleutels ter evaluatie aangeboden", (*keys).into())
            }
            Event::Objection { step: ObjectionStep::Made, .. } => add("bezwaren", 1),
            Event::Objection { step: ObjectionStep::Upheld, .. } => add("bezwaren gegrond", 1),
            Event::Objection { step: ObjectionStep::Rejected, .. } => add("bezwaren ongegrond", 1),
            Event::Incident { step: IncidentStep::Opened, .. } => add("verkeerde matches of personen", 1),
            Event::Informing { step: InformingStep::Told, .. } => add("personen geïnformeerd", 1),
            Event::PersonReport { released: true, .. } => add("inzageverslagen verstrekt", 1),
            Event::SignalChanged
            | Event::EvaluationGranted { .. }
            | Event::PersonReport { released: false, .. }
            | Event::Statement { said: Said::Wrong, .. }
            | Event::Objection { step: ObjectionStep::Lifted, .. }
            | Event::Incident { .. }
            | Event::Informing { .. }
            | Event::Refusal { wanted: audit::Wanted::Statement }
            | Event::Configuration { .. }
            | Event::Roster { .. }
            | Event::Erasure { .. }
            | Event::Restore
            | Event::LogGeneration { .. }
            | Event::Leaving => {}
        }
    }

    /// The figures of an organisation.
    pub(crate) fn finish(mut self, oin: Oin) -> Figures {
        self.days.sort_unstable();
        let late = "later";
        let mut after: BTreeMap<String, u64> =
            DAYS.iter().map(|(_, name)| *name).chain([late]).map(|name| (name.to_owned(), 0)).collect();
        for days in &self.days {
            let name = DAYS.iter().find(|(most, _)| days <= most).map_or(late, |(_, name)| name);
            *after.entry(name.to_owned()).or_default() += 1;
        }
        let counts: BTreeMap<&str, u64> = COUNTED.iter().copied().zip(self.counts).collect();
        let total = counts.get(ASKED).copied().unwrap_or(0);
        let cell = |name: &str, count| {
            if PARTS_OF_ASKED.contains(&name) { Cell::part(count, total) } else { Cell::of(count) }
        };
        let enough = self.days.len() as u64 > LARGEST_WITHHELD;
        Figures {
            samenhang_cijfers: FORMAT,
            jaar: self.year,
            organisaties: vec![oin.to_string()],
            aantallen: counts.into_iter().map(|(name, count)| (name.to_owned(), cell(name, count))).collect(),
            beoordeeld_na: parts(after),
            mediaan_dagen: self.days.get(self.days.len() / 2).copied().filter(|_| enough),
            gewist: self.erased,
        }
    }
}

/// Parts of a total that can be reckoned from other figures. Where one alone is withheld, a second is too, or the first
/// would follow from the rest.
fn parts(counts: BTreeMap<String, u64>) -> BTreeMap<String, Cell> {
    let withheld = |count: &u64| (1..=LARGEST_WITHHELD).contains(count);
    let second =
        counts.iter().filter(|(_, count)| **count > LARGEST_WITHHELD).min_by_key(|(_, count)| **count);
    let second = second
        .map(|(name, _)| name.clone())
        .filter(|_| counts.values().filter(|count| withheld(count)).count() == 1);
    let cell = |name: &String, count: u64| match &second {
        Some(second) if second == name => Cell { minst: 1, hoogst: count },
        Some(_) | None => Cell::of(count),
    };
    counts.iter().map(|(name, count)| (name.clone(), cell(name, *count))).collect()
}

impl Figures {
    /// Reads a file of figures.
    ///
    /// # Errors
    /// When it is none, or of a later format.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let read: Self = serde_json::from_str(text)
            .context("these are no figures that `samenhang accountability --json` printed")?;
        if read.samenhang_cijfers != FORMAT {
            bail!(
                "the figures have format {}, and this program knows format {FORMAT}",
                read.samenhang_cijfers
            );
        }
        let cells = || read.aantallen.values().chain(read.beoordeeld_na.values());
        ensure!(cells().all(|cell| cell.minst <= cell.hoogst), "the figures contradict themselves");
        let count = u32::try_from(read.organisaties.len()).unwrap_or(u32::MAX);
        ensure!(count <= MAX_ORGANISATIONS, "more than {MAX_ORGANISATIONS} organisations");
        Ok(read)
    }

    /// The figures of both together.
    ///
    /// # Errors
    /// Of two years, or an organisation that is in both.
    pub(crate) fn plus(mut self, other: Self) -> Result<Self> {
        ensure!(self.jaar == other.jaar, "figures of {} and of {} make no sum", self.jaar, other.jaar);
        if let Some(twice) = other.organisaties.iter().find(|oin| self.organisaties.contains(oin)) {
            bail!("the figures of {twice} are there twice");
        }
        self.organisaties.extend(other.organisaties);
        self.organisaties.sort_unstable();
        for (mine, theirs) in
            [(&mut self.aantallen, other.aantallen), (&mut self.beoordeeld_na, other.beoordeeld_na)]
        {
            for (name, cell) in theirs {
                let sum = mine.entry(name).or_default();
                sum.minst = sum.minst.saturating_add(cell.minst);
                sum.hoogst = sum.hoogst.saturating_add(cell.hoogst);
            }
        }
        self.gewist = self.gewist.saturating_add(other.gewist);
        self.mediaan_dagen = None;
        Ok(self)
    }

    /// The lines for people, in the order in which they are told.
    pub(crate) fn lines(&self) -> Vec<String> {
        let organisations = match self.organisaties.as_slice() {
            [one] => format!("organisatie {one}"),
            many => format!("{} organisaties", many.len()),
        };
        let mut lines = vec![format!("{}, {organisations}", self.jaar)];
        let row = |name: &str, cell: &Cell| format!("{name:<38}{:>12}", cell.to_string());
        lines.extend(COUNTED.iter().filter_map(|name| Some(row(name, self.aantallen.get(*name)?))));
        let names = DAYS.iter().map(|(_, name)| *name).chain(["later"]);
        lines.extend(
            names.filter_map(|name| Some(row(&format!("beoordeeld {name}"), self.beoordeeld_na.get(name)?))),
        );
        lines.extend(
            self.mediaan_dagen
                .map(|days| format!("{:<38}{days:>12}", "mediaan van de dagen tot het oordeel")),
        );
        if self.gewist > 0 {
            lines.push(format!("{} regels zijn al gewist en niet meegeteld", self.gewist));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use audit::{ActorRole, Salt};

    use super::*;

    const DAY: u64 = 86_400;
    /// 1 January 2027.
    const YEAR: u64 = 1_798_761_600;

    fn line(place: u64, time: u64, event: Event, family: &str) -> LogLine {
        let details = Details::new(&Salt::from_bytes([1; 32]), None, Some(family.to_owned()), None);
        let entry = Entry {
            place,
            time: Timestamp(time),
            role: ActorRole::Operator,
            event,
            circles: Vec::new(),
            details: details.commitment(),
            basis: None,
        };
        let (entry, details) = (hex::encode(entry.to_bytes()), hex::encode(details.reveal_bytes()));
        LogLine { place, leaf: String::new(), entry: Some(entry), details: Some(details) }
    }

    fn oin(number: u64) -> Oin {
        Oin::test_number(number).unwrap()
    }

    fn counted(events: impl IntoIterator<Item = (u64, Event, String)>, of: u64) -> Figures {
        let mut counting = Counting::new(2027);
        for (place, (time, event, family)) in (0..).zip(events) {
            counting.take(&line(place, time, event, &family)).unwrap();
        }
        counting.finish(oin(of))
    }

    #[test]
    fn a_year_is_counted_small_numbers_are_withheld_and_judgements_are_timed() {
        let asked = |found| Event::Question { families: 1, found, complete: found > 0 };
        let told = Event::match_seen(oin(2), domain::Certainty::Probable);
        let said = Event::Statement { organisation: oin(2), said: Said::Different };
        let mut events =
            vec![(YEAR - DAY, asked(1), "old".to_owned()), (YEAR - DAY, told.clone(), "F-0".to_owned())];
        events.extend((1..6).map(|number| (YEAR, told.clone(), format!("F-{number}"))));
        events.extend((0..6).map(|number| (YEAR + number * 9 * DAY, said.clone(), format!("F-{number}"))));
        events.extend((0..7).map(|number| (YEAR, asked(u32::from(number > 2)), "F-1".to_owned())));
        let figures = counted(events, 1);
        let cell = |name: &str| figures.aantallen[name];
        assert_eq!(cell("vragen"), Cell { minst: 7, hoogst: 7 }, "one was asked the year before");
        assert_eq!(cell("vragen zonder andere betrokkene"), Cell { minst: 1, hoogst: 4 });
        assert_eq!((cell("matches gemeld"), cell("signalen geregistreerd")), (Cell::of(5), Cell::default()));
        assert_eq!(cell("matches als ander gezin beoordeeld"), Cell { minst: 6, hoogst: 6 });
        // After 1, 9, 18, 27, 36 and 45 days.
        assert_eq!(figures.beoordeeld_na["binnen 30 dagen"], Cell { minst: 1, hoogst: 4 });
        assert_eq!(figures.mediaan_dagen, Some(27));
        assert!(figures.lines().iter().any(|line| line.contains("1 tot 4")));
    }

    #[test]
    fn a_small_number_does_not_follow_from_the_others() {
        assert_eq!(Cell::part(98, 100), Cell { minst: 96, hoogst: 99 });
        assert_eq!((Cell::part(95, 100), Cell::part(100, 100)), (Cell::of(95), Cell::of(100)));
        assert_eq!(Cell::part(3, 5), Cell { minst: 1, hoogst: 4 });
        let named =
            |counts: [(&str, u64); 3]| parts(counts.map(|(name, count)| (name.to_owned(), count)).into());
        let shown = named([("a", 2), ("b", 30), ("c", 9)]);
        assert_eq!(
            (shown["a"], shown["b"], shown["c"]),
            (Cell::of(2), Cell::of(30), Cell { minst: 1, hoogst: 9 })
        );
        let shown = named([("a", 2), ("b", 30), ("c", 1)]);
        assert_eq!((shown["b"], shown["c"]), (Cell::of(30), Cell::of(1)));
    }

    #[test]
    fn figures_add_up_over_organisations_and_each_counts_once() {
        let registered = |count: u64| (0..count).map(|n| (YEAR, Event::SignalRegistered, format!("F-{n}")));
        let sum = counted(registered(3), 1).plus(counted(registered(10), 2)).unwrap();
        assert_eq!(sum.aantallen["signalen geregistreerd"], Cell { minst: 11, hoogst: 14 });
        assert_eq!(sum.organisaties, [oin(1).to_string(), oin(2).to_string()]);
        assert!(sum.clone().plus(counted(registered(1), 2)).is_err());
        let other_year = Figures { jaar: 2026, ..counted(registered(1), 3) };
        assert!(sum.clone().plus(other_year).is_err());
        assert_eq!(Figures::read(&serde_json::to_string(&sum).unwrap()).unwrap(), sum);
        assert!(Figures::read("{}").is_err());
    }

    #[test]
    fn what_was_erased_is_told_when_it_may_have_been_of_the_year() {
        let gone = |place| LogLine { place, leaf: String::new(), entry: None, details: None };
        let mut counting = Counting::new(2027);
        counting.take(&gone(0)).unwrap();
        counting.take(&line(1, YEAR, Event::SignalRegistered, "F-1")).unwrap();
        assert_eq!(counting.finish(oin(1)).gewist, 1);
        let mut counting = Counting::new(2027);
        counting.take(&gone(0)).unwrap();
        counting.take(&line(1, YEAR - DAY, Event::SignalRegistered, "F-1")).unwrap();
        assert_eq!(counting.finish(oin(1)).gewist, 0, "older than an entry of the year before");
        let mut counting = Counting::new(2026);
        counting.take(&gone(0)).unwrap();
        counting.take(&line(1, YEAR, Event::SignalRegistered, "F-1")).unwrap();
        assert_eq!(counting.finish(oin(1)).gewist, 1, "a year of which nothing can be read any more");
    }
}
