//! An entry as people and programs read it: one object with Dutch names.

use anyhow::{Context as _, Result};
use audit::{Details, Entry, Event, Exported, Said, Wanted};
use control::LogLine;
use domain::{Certainty, Month};
use serde::{Deserialize, Serialize};

/// An entry in words, with what proves it. What is absent does not apply, or was erased.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Readable {
    pub(crate) plaats: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) tijd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) soort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) rol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) handelende: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) gezin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) afdeling: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) grondslag: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) kringen: Vec<String>,
    /// What came of it, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) uitkomst: Option<String>,
    /// The number of the other organisation, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) organisatie: Option<String>,
    /// The hash in the tree.
    pub(crate) blad: String,
    /// The bytes that the tree hashes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) regel: Option<String>,
    /// The details with their salt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) gegevens: Option<String>,
}

impl std::fmt::Debug for Readable {
    /// Whom it is about is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Readable({})", self.plaats)
    }
}

impl Readable {
    /// What an entry says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(line: &LogLine) -> Result<Self> {
        let mut readable = Self {
            plaats: line.place,
            blad: line.leaf.clone(),
            regel: line.entry.clone(),
            gegevens: line.details.clone(),
            ..Self::default()
        };
        let unreadable = || format!("entry {} of the main log cannot be read", line.place);
        if let Some(text) = &line.entry {
            let entry =
                Entry::from_bytes(&hex::decode(text).with_context(unreadable)?).with_context(unreadable)?;
            readable.tell(&entry);
        }
        if let Some(text) = &line.details {
            let details =
                Details::from_bytes(&hex::decode(text).with_context(unreadable)?).with_context(unreadable)?;
            readable.handelende = details.actor.clone();
            readable.gezin = details.family.clone();
            readable.afdeling = details.unit.clone();
        }
        Ok(readable)
    }

    /// The line that it was made of.
    pub(crate) fn line(&self) -> LogLine {
        LogLine {
            place: self.plaats,
            leaf: self.blad.clone(),
            entry: self.regel.clone(),
            details: self.gegevens.clone(),
        }
    }

    fn tell(&mut self, entry: &Entry) {
        self.tijd = Some(entry.time.to_string());
        self.soort = Some(entry.event.kind().dutch().to_owned());
        self.rol = Some(entry.role.dutch().to_owned());
        self.grondslag = entry.basis.as_ref().map(|basis| basis.0.to_string());
        self.kringen = entry.circles.iter().map(|circle| circle.0.to_string()).collect();
        self.uitkomst = match &entry.event {
            Event::SignalRegistered | Event::SignalChanged | Event::SignalWithdrawn => None,
            Event::EvaluationRequested { leaf, keys } => Some(format!("{keys} sleutels, blad {leaf}")),
            Event::EvaluationGranted { leaf } => Some(format!("blad {leaf}")),
            Event::Question { families, found, complete } => {
                let about = match families {
                    1 => String::new(),
                    many => format!("over {many} gezinnen: "),
                };
                let complete = if *complete { "volledig" } else { "onvolledig" };
                Some(format!("{about}{found} betrokken, {complete}"))
            }
            Event::MatchSeen { organisation, certainty } => {
                self.organisatie = Some(organisation.to_string());
                let certainty = match certainty {
                    1 => Certainty::Possible,
                    2 => Certainty::Probable,
                    _ => Certainty::Certain,
                };
                Some(certainty.dutch().to_owned())
            }
            Event::Statement { organisation, said } => {
                self.organisatie = Some(organisation.to_string());
                let said = match said {
                    Said::Same => "zelfde gezin",
                    Said::Different => "ander gezin",
                    Said::TakenBack => "teruggenomen",
                    Said::Wrong => "verkeerde match",
                };
                Some(said.to_owned())
            }
            Event::Export { exported } => {
                let exported = match exported {
                    Exported::Backup => "reservekopie",
                    Exported::Log => "dit log",
                };
                Some(exported.to_owned())
            }
            Event::Configuration { digest } => Some(digest.to_string()),
            Event::Roster { version, .. } => Some(format!("versie {version}")),
            Event::Refusal { wanted } => {
                let wanted = match wanted {
                    Wanted::Question => "vraag",
                    Wanted::Statement => "uitspraak",
                };
                Some(wanted.to_owned())
            }
            Event::Restore | Event::Leaving => None,
            Event::Objection { step, person } => Some(format!("{}{}", step.dutch(), by(*person))),
            Event::Incident { step, organisation, person } => {
                self.organisatie = Some(organisation.to_string());
                Some(format!("{}{}", step.dutch(), by(*person)))
            }
            Event::Informing { step, person } => Some(format!("{}{}", step.dutch(), by(Some(*person)))),
            Event::PersonReport { person, released } => {
                let what = if *released { "inzageverslag" } else { "concept van een inzageverslag" };
                Some(format!("{what}{}", by(Some(*person))))
            }
            Event::Erasure { month } => Month::from_number(*month).map(|month| month.to_string()),
            Event::LogGeneration { generation, size, .. } => {
                Some(format!("generatie {generation} na verlies; laatst meegetekend bij {size} regels"))
            }
        };
    }
}

/// Of which person of the record, where it is known.
fn by(person: Option<u8>) -> String {
    person.map(|number| format!(", persoon {number}")).unwrap_or_default()
}
