//! The record of a signal: every detail of the family as the organisation registered it.

use crypto::{Digest, cbor, digest};
use domain::{
    Address, AddressKind, Bsn, CalendarDate, Contact, Family, FamilyRef, HouseNumber, Invalid, Kindcheck,
    LegalBasisCode, PartialDate, Person, PersonName, PersonalText, PlainText, PreviousAddress, Role, Sex,
    Signal, SignalKind, Visibility,
};
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A signal as bytes on disk. Text of the domain's own constructors; numbers are part of the format.
#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
pub(crate) struct SignalRecord {
    #[n(0)]
    family_ref: String,
    #[n(1)]
    persons: Vec<PersonRecord>,
    #[n(2)]
    kindcheck: u8,
    #[n(3)]
    concern: bool,
    #[n(4)]
    shielded: bool,
    #[n(5)]
    legal_basis: Option<String>,
    #[n(6)]
    unit: Option<String>,
    #[n(7)]
    contact_person: Option<String>,
    #[n(8)]
    function: Option<String>,
    #[n(9)]
    phone: Option<String>,
    #[n(10)]
    email: Option<String>,
    #[n(11)]
    involved_since: Option<String>,
    #[n(12)]
    informed_on: Option<String>,
    #[n(13)]
    ends_on: Option<String>,
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
struct PersonRecord {
    #[n(0)]
    role: String,
    #[n(1)]
    bsn: Option<String>,
    #[n(2)]
    given_names: Option<String>,
    #[n(3)]
    prefix: Option<String>,
    #[n(4)]
    surname: Option<String>,
    #[n(5)]
    born: Option<BornRecord>,
    #[n(6)]
    sex: u8,
    #[n(7)]
    address: Option<AddressRecord>,
    #[n(8)]
    address_kind: u8,
    #[n(9)]
    previous: Option<AddressRecord>,
    #[n(10)]
    moved_on: Option<String>,
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
struct BornRecord {
    #[n(0)]
    year: u16,
    #[n(1)]
    month: u8,
    #[n(2)]
    day: u8,
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
struct AddressRecord {
    #[n(0)]
    postcode: String,
    #[n(1)]
    number: u32,
    #[n(2)]
    letter: Option<String>,
    #[n(3)]
    addition: Option<String>,
}

impl From<&Signal> for SignalRecord {
    fn from(signal: &Signal) -> Self {
        let contact = &signal.contact;
        Self {
            family_ref: signal.family_ref.as_str().to_owned(),
            persons: signal.family.persons().iter().map(PersonRecord::from).collect(),
            kindcheck: match signal.family.kindcheck() {
                None => 0,
                Some(Kindcheck::Yes) => 1,
                Some(Kindcheck::Pregnant) => 2,
            },
            concern: signal.kind == SignalKind::Concern,
            shielded: signal.visibility == Visibility::Shielded,
            legal_basis: signal.legal_basis.as_ref().map(|code| code.as_str().to_owned()),
            unit: signal.unit.as_ref().map(|unit| unit.as_str().to_owned()),
            contact_person: revealed(contact.person.as_ref()),
            function: revealed(contact.function.as_ref()),
            phone: revealed(contact.phone.as_ref()),
            email: revealed(contact.email.as_ref()),
            involved_since: signal.involved_since.map(|date| date.to_string()),
            informed_on: signal.informed_on.map(|date| date.to_string()),
            ends_on: signal.ends_on.map(|date| date.to_string()),
        }
    }
}

impl TryFrom<&SignalRecord> for Signal {
    type Error = Invalid;

    fn try_from(record: &SignalRecord) -> Result<Self, Invalid> {
        let persons = record.persons.iter().map(Person::try_from).collect::<Result<_, _>>()?;
        let kindcheck = match record.kindcheck {
            1 => Some(Kindcheck::Yes),
            2 => Some(Kindcheck::Pregnant),
            _ => None,
        };
        Ok(Self {
            family_ref: FamilyRef::new(&record.family_ref)?,
            family: Family::new(persons, kindcheck)?,
            kind: if record.concern { SignalKind::Concern } else { SignalKind::Known },
            legal_basis: record.legal_basis.as_deref().map(str::parse::<LegalBasisCode>).transpose()?,
            visibility: if record.shielded { Visibility::Shielded } else { Visibility::Visible },
            unit: record.unit.as_deref().map(|text| PlainText::new("afdeling", text)).transpose()?,
            contact: Contact {
                person: personal("contactpersoon", record.contact_person.as_deref())?,
                function: personal("functie", record.function.as_deref())?,
                phone: personal("telefoon", record.phone.as_deref())?,
                email: personal("email", record.email.as_deref())?,
            },
            involved_since: date(record.involved_since.as_deref())?,
            informed_on: date(record.informed_on.as_deref())?,
            ends_on: date(record.ends_on.as_deref())?,
        })
    }
}

impl From<&Person> for PersonRecord {
    fn from(person: &Person) -> Self {
        Self {
            role: person.role.dutch().to_owned(),
            bsn: person.bsn.as_ref().map(|bsn| bsn.reveal().to_owned()),
            given_names: revealed(person.name.given_names.as_ref()),
            prefix: revealed(person.name.prefix.as_ref()),
            surname: revealed(person.name.surname.as_ref()),
            born: person.born.as_ref().map(|born| {
                let (year, month, day) = born.reveal_parts();
                BornRecord { year, month, day }
            }),
            sex: match person.sex {
                None => 0,
                Some(Sex::Male) => 1,
                Some(Sex::Female) => 2,
                Some(Sex::Unknown) => 3,
            },
            address: person.address.as_ref().map(AddressRecord::from),
            address_kind: match person.address_kind {
                AddressKind::Home => 0,
                AddressKind::Correspondence => 1,
                AddressKind::Secret => 2,
                AddressKind::Abroad => 3,
            },
            previous: person.previous.as_ref().map(|previous| AddressRecord::from(&previous.address)),
            moved_on: person
                .previous
                .as_ref()
                .and_then(|previous| previous.moved_on)
                .map(|date| date.to_string()),
        }
    }
}

impl TryFrom<&PersonRecord> for Person {
    type Error = Invalid;

    fn try_from(record: &PersonRecord) -> Result<Self, Invalid> {
        let unknown = || Invalid::new("record", "holds a number that this version does not know");
        let role = Role::ALL.into_iter().find(|role| role.dutch() == record.role).ok_or_else(unknown)?;
        let previous = record.previous.as_ref().map(Address::try_from).transpose()?;
        let moved_on = date(record.moved_on.as_deref())?;
        Ok(Self {
            role,
            bsn: record.bsn.as_deref().map(str::parse::<Bsn>).transpose()?,
            name: PersonName {
                given_names: personal("voornamen", record.given_names.as_deref())?,
                prefix: personal("voorvoegsel", record.prefix.as_deref())?,
                surname: personal("geslachtsnaam", record.surname.as_deref())?,
            },
            born: record
                .born
                .as_ref()
                .map(|born| PartialDate::new(born.year, born.month, born.day))
                .transpose()?,
            sex: match record.sex {
                0 => None,
                1 => Some(Sex::Male),
                2 => Some(Sex::Female),
                3 => Some(Sex::Unknown),
                _ => return Err(unknown()),
            },
            address: record.address.as_ref().map(Address::try_from).transpose()?,
            address_kind: match record.address_kind {
                0 => AddressKind::Home,
                1 => AddressKind::Correspondence,
                2 => AddressKind::Secret,
                3 => AddressKind::Abroad,
                _ => return Err(unknown()),
            },
            previous: previous.map(|address| PreviousAddress { address, moved_on }),
        })
    }
}

impl From<&Address> for AddressRecord {
    fn from(address: &Address) -> Self {
        Self {
            postcode: address.postcode.reveal().to_owned(),
            number: address.number.reveal(),
            letter: revealed(address.letter.as_ref()),
            addition: revealed(address.addition.as_ref()),
        }
    }
}

impl TryFrom<&AddressRecord> for Address {
    type Error = Invalid;

    fn try_from(record: &AddressRecord) -> Result<Self, Invalid> {
        Ok(Self {
            postcode: record.postcode.parse()?,
            number: HouseNumber::new(record.number)?,
            letter: personal("huisletter", record.letter.as_deref())?,
            addition: personal("huisnummertoevoeging", record.addition.as_deref())?,
        })
    }
}

/// Names a person as recorded: whoever differs in anything has another name.
pub(crate) fn person_digest(person: &Person) -> Digest {
    let bytes = Zeroizing::new(cbor::to_vec(&PersonRecord::from(person)));
    digest("samenhang own person v1", &[&bytes])
}

fn revealed(text: Option<&PersonalText>) -> Option<String> {
    text.map(|text| text.reveal().to_owned())
}

fn personal(what: &'static str, text: Option<&str>) -> Result<Option<PersonalText>, Invalid> {
    text.map(|text| PersonalText::new(what, text)).transpose()
}

fn date(text: Option<&str>) -> Result<Option<CalendarDate>, Invalid> {
    text.map(str::parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_survives_its_record() {
        let mut person = Person::new(Role::Partner);
        person.bsn = Some("111222333".parse().unwrap());
        person.name.given_names = personal("x", Some("Anna Maria")).unwrap();
        person.name.prefix = personal("x", Some("van der")).unwrap();
        person.name.surname = personal("x", Some("Zonneveld")).unwrap();
        person.born = Some("1987-05-00".parse().unwrap());
        person.sex = Some(Sex::Unknown);
        let address = Address {
            postcode: "1234AB".parse().unwrap(),
            number: HouseNumber::new(12).unwrap(),
            letter: personal("x", Some("A")).unwrap(),
            addition: personal("x", Some("bis")).unwrap(),
        };
        person.address = Some(address.clone());
        person.address_kind = AddressKind::Secret;
        person.previous = Some(PreviousAddress { address, moved_on: Some("2026-01-31".parse().unwrap()) });
        let signal = Signal {
            family_ref: FamilyRef::new("L-0012").unwrap(),
            family: Family::new(vec![person, Person::new(Role::Child)], Some(Kindcheck::Pregnant)).unwrap(),
            kind: SignalKind::Concern,
            legal_basis: Some("jeugdwet-7.1".parse().unwrap()),
            visibility: Visibility::Shielded,
            unit: Some(PlainText::new("x", "team west").unwrap()),
            contact: Contact { phone: personal("x", Some("085-1234567")).unwrap(), ..Contact::default() },
            involved_since: Some("2025-01-01".parse().unwrap()),
            informed_on: None,
            ends_on: Some("2027-01-01".parse().unwrap()),
        };
        let bytes = cbor::to_vec(&SignalRecord::from(&signal));
        let record: SignalRecord = cbor::from_slice(&bytes).unwrap();
        assert_eq!(Signal::try_from(&record).unwrap(), signal);
    }
}
