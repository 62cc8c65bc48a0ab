//! The network of a directory without `netwerk.toml`: one circle in which everybody reads everybody.

use std::collections::BTreeSet;

use domain::{LegalBasisCode, Oin, Sector};
use roster::LegalBasis;

use super::{DemoCircle, DemoOrganisation, DemoPlan, MAX_LEGAL_BASES, NETWORK_FILE, PlanError, signals};

/// The legal basis that signals get when no file of a directory without `netwerk.toml` names any. Elsewhere absent
/// means closed; there it would mean that a visitor who tries own files sees nothing at all.
const ASSUMED_BASIS: &str = "demonstratie";

/// Keyholders of a network that nobody described, and how many of them must answer.
const DEFAULT_KEYHOLDERS: usize = 3;
const DEFAULT_THRESHOLD: u16 = 2;

/// The sector of every organisation of a network that nobody described.
const DEFAULT_SECTOR: &str = "deelnemer";

/// The network of files that nobody described, without signals and legal bases.
pub(super) fn plan(files: &[&str]) -> DemoPlan {
    let sector: Sector = DEFAULT_SECTOR.parse().expect("the default sector is a code");
    let organisations: Vec<DemoOrganisation> = (1..)
        .zip(files)
        .map(|(serial, file)| DemoOrganisation {
            file: (*file).to_owned(),
            name: (*file).to_owned(),
            oin: Oin::test_number(serial).expect("there are fewer files than serial numbers"),
            sector: sector.clone(),
            working_area: String::new(),
            bsn_entitled: true,
            contact_point: String::new(),
            signals: Vec::new(),
            families_left_out: 0,
            rows_left_out: 0,
        })
        .collect();
    let keyholders: Vec<usize> = (0..organisations.len().min(DEFAULT_KEYHOLDERS)).collect();
    let names: Vec<&str> = files.iter().copied().take(DEFAULT_KEYHOLDERS).collect();
    let remark = format!(
        "There is no {NETWORK_FILE}: one circle, everyone reads everyone, and every organisation may process the BSN. \
         The keys are held by {}; {DEFAULT_THRESHOLD} of them must answer.",
        names.join(", ")
    );
    DemoPlan {
        name: "Demonstratie".to_owned(),
        threshold: DEFAULT_THRESHOLD,
        keyholders,
        organisations,
        circles: vec![DemoCircle {
            name: "demonstratie".to_owned(),
            purpose: "zien wie er nog meer bij een gezin betrokken is".to_owned(),
            legal_bases: Vec::new(),
            open: vec![(sector.clone(), sector)],
        }],
        legal_bases: Vec::new(),
        institutions: Vec::new(),
        problems: Vec::new(),
        remarks: vec![remark],
    }
}

/// Takes the legal bases from the signals, and assumes one where no file names any.
pub(super) fn adopt_grounds(plan: &mut DemoPlan) -> Result<(), PlanError> {
    let mut named: BTreeSet<LegalBasisCode> =
        signals(plan).filter_map(|signal| signal.legal_basis.clone()).collect();
    if named.is_empty() && signals(plan).next().is_some() {
        let assumed: LegalBasisCode = ASSUMED_BASIS.parse().expect("the assumed legal basis is a code");
        for signal in plan.organisations.iter_mut().flat_map(|organisation| &mut organisation.signals) {
            signal.legal_basis = Some(assumed.clone());
        }
        named.insert(assumed);
        plan.remarks.push(format!(
            "No file names a grondslag, and without a legal basis nothing is published. For this demonstration alone \
             every family rests on the grondslag '{ASSUMED_BASIS}'; a real network never assumes one."
        ));
    }
    if named.len() > MAX_LEGAL_BASES {
        return Err(PlanError::TooManyLegalBases { found: named.len() });
    }
    plan.legal_bases = named
        .iter()
        .map(|code| LegalBasis {
            code: code.clone(),
            article: format!("'{code}' in the files of this demonstration"),
            avg6: "not stated".to_owned(),
            avg9: None,
            secrecy: None,
            consent_required: false,
            valid_until: None,
        })
        .collect();
    for circle in &mut plan.circles {
        circle.legal_bases = named.iter().cloned().collect();
    }
    Ok(())
}
