//! Names as two organisations would have written them alike.

mod given;
mod letters;
mod phonetic;
mod placeholder;
mod surname;

pub(crate) use given::{GivenName, given_name};
pub(crate) use surname::surname_codes;
