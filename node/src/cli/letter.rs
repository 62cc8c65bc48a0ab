//! The letter that tells a person that a signal is registered: plain Dutch (B1), no name, nothing of what is going on.

use control::LetterLine;

/// The paragraphs of the letter.
pub(super) fn paragraphs(facts: &LetterLine) -> Vec<String> {
    if facts.aan_jongere { youth(facts) } else { adult(facts) }
}

fn adult(facts: &LetterLine) -> Vec<String> {
    let LetterLine { organisatie, netwerk, geregistreerd_op, .. } = facts;
    let whom = if facts.ook_voor_kinderen { "u en uw kind of kinderen" } else { "u" };
    let mut said = vec![
        format!("Ons kenmerk: {}", facts.gezin),
        "Beste heer, mevrouw,".to_owned(),
        format!(
            "{organisatie} helpt {whom} of heeft met {whom} te maken. Daarom hebben wij uw gezin op {geregistreerd_op} \
             aangemeld bij {netwerk}. In deze brief leest u wat dat is en wat uw rechten zijn."
        ),
        "Wat is het?".to_owned(),
        format!(
            "Soms helpen meer organisaties hetzelfde gezin, zonder dat zij het van elkaar weten. In {netwerk} kunnen zij zien \
             dat zij met hetzelfde gezin te maken hebben. Dan kunnen zij samen met u afspreken wie wat doet."
        ),
        "Wat delen wij?".to_owned(),
        "Wij delen alleen dát wij bij uw gezin betrokken zijn. Wij delen niet waarom, en niets uit uw dossier. Uw naam, adres \
         en burgerservicenummer gaan niet naar de andere organisaties. Er gaat alleen een code heen die zij niet kunnen \
         lezen. Alleen een organisatie die uw gezin zelf al kent, ziet dat wij er ook zijn."
            .to_owned(),
    ];
    said.extend(ground(facts, "uw"));
    said.push("Wat zijn uw rechten?".to_owned());
    said.push(
        "U mag vragen welke gegevens wij van u hebben. Kloppen ze niet, dan mag u vragen om ze te verbeteren. U mag ook \
         bezwaar maken. Dan stopt de aanmelding meteen, tot wij over uw bezwaar hebben beslist. U krijgt altijd antwoord, \
         binnen een maand. Dit kost u niets."
            .to_owned(),
    );
    said.push(format!(
        "Wilt u iets vragen of bezwaar maken? Neem dan contact op met {organisatie}: {}. Noem het kenmerk van deze brief.",
        facts.contactpunt
    ));
    said.push(
        "Bent u het niet eens met ons antwoord? Dan kunt u een klacht indienen bij de Autoriteit Persoonsgegevens, \
         autoriteitpersoonsgegevens.nl."
            .to_owned(),
    );
    said.push(format!("Met vriendelijke groet,\n{}", sender(facts)));
    said
}

fn youth(facts: &LetterLine) -> Vec<String> {
    let LetterLine { organisatie, netwerk, geregistreerd_op, .. } = facts;
    let mut said = vec![
        format!("Ons kenmerk: {}", facts.gezin),
        "Hallo,".to_owned(),
        format!(
            "{organisatie} helpt jou of jouw gezin. Daarom hebben wij jullie op {geregistreerd_op} aangemeld bij {netwerk}. In \
             deze brief lees je wat dat is en wat jij mag vragen."
        ),
        "Wat is het?".to_owned(),
        format!(
            "Soms helpen meer organisaties hetzelfde gezin, en weten zij dat niet van elkaar. In {netwerk} kunnen zij dat zien. \
             Dan kunnen zij samen met jou afspreken wie wat doet."
        ),
        "Wat delen wij?".to_owned(),
        "Wij delen alleen dát wij met jullie te maken hebben. Wij delen niet waarom. Je naam en je adres gaan niet naar de \
         andere organisaties. Er gaat alleen een code heen die zij niet kunnen lezen. Alleen een organisatie die jullie al \
         kent, ziet dat wij er ook zijn."
            .to_owned(),
    ];
    said.extend(ground(facts, "je"));
    said.push("Wat mag jij?".to_owned());
    said.push(
        "Je mag vragen wat wij van jou weten. Klopt er iets niet, dan mag je vragen om dat te verbeteren. Je mag ook zeggen dat \
         je het er niet mee eens bent. Dat heet bezwaar maken. Dan stopt de aanmelding meteen, tot wij daarover hebben \
         beslist. Je krijgt altijd antwoord, binnen een maand. Het kost niets."
            .to_owned(),
    );
    said.push(format!(
        "Wil je iets vragen of bezwaar maken? Neem contact op met {organisatie}: {}. Noem het kenmerk van deze brief. Je mag \
         iemand vragen om je te helpen.",
        facts.contactpunt
    ));
    said.push(
        "Ben je het niet eens met ons antwoord? Dan kun je een klacht indienen bij de Autoriteit Persoonsgegevens, \
         autoriteitpersoonsgegevens.nl."
            .to_owned(),
    );
    said.push(format!("Groeten,\n{}", sender(facts)));
    said
}

/// On which law, and until when.
fn ground(facts: &LetterLine, whose: &str) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(article) = &facts.grondslag {
        said.push(format!("Waarom mag dat?\nDe wet staat het toe: {article}."));
    }
    if let Some(day) = &facts.einddatum {
        said.push(format!(
            "De aanmelding stopt vanzelf op {day}, of eerder als wij niet meer met {whose} gezin te maken hebben."
        ));
    }
    said
}

fn sender(facts: &LetterLine) -> String {
    match &facts.afdeling {
        Some(unit) => format!("{}, {unit}", facts.organisatie),
        None => facts.organisatie.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(aan_jongere: bool) -> LetterLine {
        LetterLine {
            gezin: "L-1".to_owned(),
            organisatie: "Basisschool De Linde".to_owned(),
            netwerk: "Samen in Rivierenland".to_owned(),
            contactpunt: "085-0010101".to_owned(),
            afdeling: None,
            geregistreerd_op: "2026-11-21".to_owned(),
            einddatum: Some("2027-11-21".to_owned()),
            grondslag: Some("artikel 7.1 Jeugdwet".to_owned()),
            aan_jongere,
            ook_voor_kinderen: !aan_jongere,
        }
    }

    #[test]
    fn a_letter_says_who_what_rights_and_where_in_short_sentences() {
        for youth in [false, true] {
            let said = paragraphs(&facts(youth)).join("\n\n");
            for needed in [
                "Basisschool De Linde",
                "2026-11-21",
                "niet waarom",
                "bezwaar maken",
                "verbeteren",
                "085-0010101",
                "Autoriteit Persoonsgegevens",
                "artikel 7.1 Jeugdwet",
                "2027-11-21",
            ] {
                assert!(said.contains(needed), "{youth}: {needed}");
            }
            // B1: sentences of at most 25 words.
            for sentence in said.split(['.', '?', '\n', ':']) {
                assert!(sentence.split_whitespace().count() <= 25, "{sentence}");
            }
            assert_eq!(youth, !said.contains(" u "), "the young are not addressed as adults");
        }
    }
}
