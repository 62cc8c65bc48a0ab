//! Circles, the legal bases that hold in them, and addresses where unrelated people live.

use std::collections::BTreeSet;

use domain::{CircleId, LegalBasisCode};
use roster::{Circle, Institution, LegalBasis, LegalBasisText, OpenPair, RosterContent};

use super::{DAY, Flaws};
use crate::governance::network_file::{CircleTable, InstitutionTable, LegalBasisTable};
use crate::governance::plain;

impl Flaws {
    pub(super) fn legal_basis(&mut self, table: &LegalBasisTable) -> Option<LegalBasis> {
        let optional =
            |flaws: &mut Self, what, text: &Option<String>| text.as_ref().map(|text| flaws.text(what, text));
        let valid_until = match table.valid_until_day {
            // The whole day counts.
            Some(day) => Some(self.day("valid_until_day", day)?.saturating_add(DAY - 1)),
            None => None,
        };
        Some(LegalBasis {
            article: self.text("article", &table.article),
            avg6: self.text("avg6", &table.avg6),
            avg9: optional(self, "avg9", &table.avg9),
            secrecy: optional(self, "secrecy", &table.secrecy),
            consent_required: table.consent_required,
            valid_until,
            code: self.code(&table.code)?,
        })
    }

    pub(super) fn circle(
        &mut self,
        table: &CircleTable,
        content: &RosterContent,
        draw: &mut impl FnMut() -> CircleId,
    ) -> Circle {
        let name = self.text("a circle's name", &table.name);
        let known: BTreeSet<&LegalBasisCode> = content.legal_bases.iter().map(|basis| &basis.code).collect();
        let legal_bases = match &table.legal_bases {
            None => known.into_iter().cloned().map(LegalBasisText).collect(),
            Some(codes) => {
                let mut held = Vec::new();
                for code in codes.iter().filter_map(|code| self.code(code)).collect::<Vec<_>>() {
                    if !known.contains(&code) {
                        self.add(format!(
                            "circle '{}' names the legal basis '{code}', which no [[legal_basis]] describes",
                            plain(&name)
                        ));
                    }
                    held.push(LegalBasisText(code));
                }
                held
            }
        };
        let mut open = Vec::new();
        for row in &table.open {
            let Some(publisher) = self.sector(&row.publisher, "[[circle.open]] publisher") else { continue };
            let mut legal_bases = Vec::new();
            for code in
                row.legal_bases.iter().flatten().filter_map(|code| self.code(code)).collect::<Vec<_>>()
            {
                legal_bases.push(LegalBasisText(code));
            }
            if row.legal_bases.as_ref().is_some_and(Vec::is_empty) {
                self.add("[[circle.open]] legal_bases is empty; leave the pair out, and it is closed");
            }
            for reader in &row.readers {
                if let Some(reader) = self.sector(reader, "[[circle.open]] readers") {
                    open.push(OpenPair {
                        legal_bases: legal_bases.clone(),
                        ..OpenPair::new(publisher.clone(), reader)
                    });
                }
            }
        }
        let held = content.circles.iter().find(|held| held.name == name);
        let trial = table.trial;
        if held.is_some_and(|held| held.trial != trial) {
            self.add(format!(
                "whether circle '{}' is a trial circle is decided when it is made; make another circle",
                plain(&name)
            ));
        }
        let id = held.map_or_else(draw, |held| held.id);
        let purpose = self.text("a circle's purpose", &table.purpose);
        Circle { id, name, purpose, legal_bases, open, trial }
    }

    pub(super) fn institution(&mut self, table: &InstitutionTable) -> Option<Institution> {
        let postcode: String = table.postcode.split_whitespace().collect::<String>().to_uppercase();
        let institution = Institution {
            postcode,
            number: table.house_number,
            letter: table.house_letter.clone(),
            addition: table.addition.clone(),
        };
        if let Err(refused) = institution.address() {
            self.add(format!("[[institution]] {} {}: {refused}", plain(&table.postcode), table.house_number));
            return None;
        }
        Some(institution)
    }
}
