//! The report for one person: gathered here, sealed to the command that asked, because it is personal data.

use std::collections::BTreeSet;

use control::{Problem, ProblemKind, REPORT_LABEL, Reply, RightsAnswer, SealedBytes};
use crypto::SealingPublicKey;
use domain::{AddressKind, FamilyRef, PersonNumber, PersonalText, Sex, SignalKind};
use protocol::{PersonFile, RightsCommand, RightsReply};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use super::desk::mixed_up;
use super::lines;
use super::rights::informing;
use super::serve::{Stop, Talk};
use crate::audit::{Gathering, LogReader};
use crate::runtime::{now, random_seed};

impl<S: AsyncRead + AsyncWrite> Talk<S> {
    /// Makes the report: a draft, or, when one of late was reviewed, the one to be given.
    pub(super) async fn report(
        &mut self,
        (family, person): (FamilyRef, PersonNumber),
        release: bool,
        key: &str,
    ) -> Result<(), Stop> {
        let key = hex::decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let unusable = || Problem::new(ProblemKind::Request, "the key of a report has 32 bytes");
        let key = SealingPublicKey::from_bytes(key.ok_or_else(unusable)?);
        // What is there now says of which organisations the report tells; nothing is logged or given yet.
        let file = self.person_file(&family, person, None).await?;
        let gathered = self.gather(&family, person, &file).await?;
        if release && !gathered.has_draft(now()) {
            let message = "no draft of this report was made in the last thirty days; make one without --release, and review it";
            return Err(Problem::new(ProblemKind::Request, message).into());
        }
        let file = self.person_file(&family, person, Some(release)).await?;
        let report = Zeroizing::new(self.written(&family, person, release, &file, gathered)?.to_string());
        let sealed = key.seal(REPORT_LABEL, &[], report.as_bytes(), &random_seed()?);
        let sealed = sealed.map_err(|_| unusable())?;
        self.reply(Reply::Rights(RightsAnswer::Report(SealedBytes::new(&sealed)))).await
    }

    async fn person_file(
        &self,
        family: &FamilyRef,
        person: PersonNumber,
        logged: Option<bool>,
    ) -> Result<PersonFile, Stop> {
        let wanted = RightsCommand::Person { family: family.clone(), person, logged };
        let RightsReply::Person(file) = self.right(wanted).await? else { return Err(mixed_up().into()) };
        Ok(*file)
    }

    /// Reads the log for the report.
    async fn gather(
        &self,
        family: &FamilyRef,
        person: PersonNumber,
        file: &PersonFile,
    ) -> Result<Gathering, Stop> {
        let engine = self.desk.engine()?;
        let (network, oin) = (engine.roster().network(), self.desk.oin());
        let log = engine.look(move |store| LogReader::open(store, network, oin)).await??;
        let organisations: BTreeSet<_> = file.involved.iter().copied().collect();
        let mut gathering = Gathering::new(family.clone(), person, organisations);
        let mut read = 0;
        while read < log.size() {
            let (from, reader) = (read, log.clone());
            let lines = engine.look(move |store| reader.entries(store, from, true)).await??;
            lines.iter().try_for_each(|line| gathering.take(line))?;
            read += u64::try_from(lines.len()).unwrap_or(u64::MAX).max(1);
        }
        Ok(gathering)
    }

    fn written(
        &self,
        family: &FamilyRef,
        number: PersonNumber,
        release: bool,
        file: &PersonFile,
        gathered: Gathering,
    ) -> Result<Value, Stop> {
        let (roster, own) = (self.desk.engine()?.roster(), self.desk.oin());
        let article = |code: &domain::LegalBasisCode| {
            let bases = &roster.document().legal_bases;
            bases.iter().find(|basis| basis.code == *code).map(|basis| basis.article.clone())
        };
        let (entries, older_left_out) = gathered.finish();
        let day = |day: Option<domain::CalendarDate>| day.map(|day| day.to_string());
        Ok(json!({
            "samenhang_inzage": 1,
            "concept": !release,
            "organisatie": lines::name(&roster, &own),
            "contactpunt": roster.member(&own).map(|member| member.contact_point.clone()),
            "netwerk": roster.name(),
            "gemaakt_op": now().to_string(),
            "gezin": family.as_str(),
            "persoon": number.number(),
            "gegevens": details(file),
            "signaal": {
                "soort": match file.kind { SignalKind::Known => "bekend", SignalKind::Concern => "zorg" },
                "grondslag": file.legal_basis.as_ref().map(ToString::to_string),
                "artikel": file.legal_basis.as_ref().and_then(article),
                "afdeling": file.unit.as_ref().map(ToString::to_string),
                "betrokken_sinds": day(file.involved_since),
                "geregistreerd_op": day(file.registered_on),
                "einddatum": day(file.ends_on),
            },
            "geinformeerd": file.informed.as_ref().map(informing),
            "ook_betrokken": file.involved.iter().map(|oin| lines::name(&roster, oin)).collect::<Vec<_>>(),
            "logboek": entries,
            "oudere_regels_weggelaten": older_left_out,
        }))
    }
}

/// The person as recorded, by the columns of the files.
fn details(file: &PersonFile) -> Value {
    let person = &file.person;
    let text = |text: &Option<PersonalText>| text.as_ref().map(|text| text.reveal().to_owned());
    let address = |address: &domain::Address| {
        json!({
            "postcode": address.postcode.reveal(),
            "huisnummer": address.number.reveal(),
            "huisletter": text(&address.letter),
            "huisnummertoevoeging": text(&address.addition),
        })
    };
    let born = person.born.as_ref().map(|born| {
        let (year, month, day) = born.reveal_parts();
        format!("{year:04}-{month:02}-{day:02}")
    });
    json!({
        "rol": person.role.dutch(),
        "burgerservicenummer": person.bsn.as_ref().map(|bsn| bsn.reveal().to_owned()),
        "voornamen": text(&person.name.given_names),
        "voorvoegsel": text(&person.name.prefix),
        "geslachtsnaam": text(&person.name.surname),
        "geboortedatum": born,
        "geslacht": person.sex.map(|sex| match sex { Sex::Male => "M", Sex::Female => "V", Sex::Unknown => "O" }),
        "adres": person.address.as_ref().map(address),
        "adressoort": match person.address_kind {
            AddressKind::Home => "woon",
            AddressKind::Correspondence => "brief",
            AddressKind::Secret => "geheim",
            AddressKind::Abroad => "buitenland",
        },
        "vorig_adres": person.previous.as_ref().map(|previous| address(&previous.address)),
        "verhuisd_op": person.previous.as_ref().and_then(|previous| previous.moved_on).map(|day| day.to_string()),
    })
}
