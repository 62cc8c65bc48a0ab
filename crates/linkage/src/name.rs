//! Names as two organisations would have written them alike.

mod arabic;
#[cfg(test)]
mod common;
mod encoding;
mod ending;
mod given;
mod letters;
mod outline;
mod phonetic;
mod placeholder;
mod roepnaam;
mod surname;
mod variants;

pub(crate) use ending::ending;
pub(crate) use given::{GivenName, given_name};
pub(crate) use outline::outline;
pub(crate) use surname::surname_codes;
