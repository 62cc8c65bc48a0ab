//! What `domain` reads: the text of numbers, dates, names and codes. What is taken has one spelling, which is taken too.

use std::str::FromStr;

use domain::{
    Bsn, CalendarDate, FamilyRef, HouseNumber, LegalBasisCode, Oin, PartialDate, PersonalText, PlainText,
    Postcode, Sector, Timestamp,
};

use super::Check;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("bsn", |bytes| parsed::<Bsn>(bytes, |bsn| bsn.reveal().to_owned(), true)),
    ("oin", |bytes| parsed::<Oin>(bytes, ToString::to_string, false)),
    ("date", |bytes| parsed::<CalendarDate>(bytes, ToString::to_string, false)),
    ("partial-date", partial_date),
    ("postcode", |bytes| parsed::<Postcode>(bytes, |code| code.reveal().to_owned(), true)),
    ("house-number", |bytes| parsed::<HouseNumber>(bytes, |number| number.reveal().to_string(), true)),
    ("sector", |bytes| parsed::<Sector>(bytes, ToString::to_string, false)),
    ("legal-basis", |bytes| parsed::<LegalBasisCode>(bytes, ToString::to_string, false)),
    ("family-ref", family_ref),
    ("plain-text", plain_text),
    ("personal-text", personal_text),
    ("timestamp", timestamp),
];

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let texts = [
        ("bsn", "111222333"),
        ("oin", "00000099000000000001"),
        ("date", "2026-11-21"),
        ("date", "21-11-2026"),
        ("partial-date", "1987-05-00"),
        ("partial-date", "00-00-1990"),
        ("postcode", "1234AB"),
        ("postcode", "1234 ab"),
        ("house-number", "12"),
        ("sector", "jeugd"),
        ("legal-basis", "jeugdwet-7.1"),
        ("family-ref", "G-1"),
        ("plain-text", "team west"),
        ("personal-text", "Zoë van der Zonneveld"),
    ];
    let mut inputs: Vec<(&str, Vec<u8>)> =
        texts.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).collect();
    inputs.extend([0, 1_795_000_000, u64::MAX].map(|time: u64| ("timestamp", time.to_be_bytes().to_vec())));
    inputs
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A type that is read of text: how it is written is read as the same. What is personal shows itself to nobody.
fn parsed<T>(bytes: &[u8], write: fn(&T) -> String, is_personal: bool) -> bool
where
    T: FromStr + PartialEq + std::fmt::Debug,
{
    let Some(Ok(read)) = text(bytes).map(str::parse::<T>) else { return false };
    let written = write(&read);
    assert!(written.len() <= 200, "{} bytes", written.len());
    assert!(written.parse::<T>().is_ok_and(|again| again == read), "read as another value");
    if is_personal {
        assert!(format!("{read:?}").contains("redacted"));
    }
    true
}

fn partial_date(bytes: &[u8]) -> bool {
    let Some(Ok(date)) = text(bytes).map(str::parse::<PartialDate>) else { return false };
    let (year, month, day) = date.reveal_parts();
    assert!(PartialDate::new(year, month, day).is_ok_and(|again| again == date));
    if let Some(whole) = date.reveal_whole() {
        assert_eq!((whole.year(), whole.month(), whole.day()), (year, month, day));
        assert_eq!(date.reveal_latest(), Some(whole));
    }
    assert_eq!(date.reveal_latest().is_some(), year != 0);
    assert!(format!("{date:?}").contains("redacted"));
    true
}

fn family_ref(bytes: &[u8]) -> bool {
    let Some(Ok(family)) = text(bytes).map(FamilyRef::new) else { return false };
    assert!(FamilyRef::new(family.as_str()).is_ok_and(|again| again == family));
    assert_eq!(format!("{family:?}"), "FamilyRef(redacted)");
    true
}

fn plain_text(bytes: &[u8]) -> bool {
    let Some(Ok(plain)) = text(bytes).map(|text| PlainText::new("text", text)) else { return false };
    assert!(PlainText::new("text", plain.as_str()).is_ok_and(|again| again == plain));
    assert!(plain.as_str().chars().count() <= 200 && !plain.as_str().chars().any(char::is_control));
    true
}

fn personal_text(bytes: &[u8]) -> bool {
    let Some(Ok(personal)) = text(bytes).map(|text| PersonalText::new("text", text)) else { return false };
    assert!(PersonalText::new("text", personal.reveal()).is_ok_and(|again| again == personal));
    assert!(personal.reveal().chars().count() <= 200 && !personal.reveal().chars().any(char::is_control));
    assert!(format!("{personal:?}").contains("redacted"));
    true
}

/// A moment as peers send it: every number is shown and has a day.
fn timestamp(bytes: &[u8]) -> bool {
    let Ok(seconds) = <[u8; 8]>::try_from(bytes) else { return false };
    let moment = Timestamp(u64::from_be_bytes(seconds));
    let (shown, day) = (moment.to_string(), moment.date());
    assert!(shown.starts_with(&day.to_string()), "{shown} {day}");
    assert!(moment.plus(u64::MAX).since(moment) <= u64::MAX - moment.0);
    true
}
