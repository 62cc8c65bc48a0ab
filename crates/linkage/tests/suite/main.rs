//! Families as two organisations recorded them: which keys they share and what that proves.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod evidence;
mod golden;
mod households;
mod persons;
mod properties;
mod support;
