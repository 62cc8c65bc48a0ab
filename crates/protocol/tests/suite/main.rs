//! Nodes against each other, in one thread.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a panic in a test is a failing test"
)]

mod attempts;
mod bounded;
mod catching_up;
mod ceremony;
mod clocks;
mod conflicts;
mod counting;
mod epochs;
mod evaluation;
mod golden;
mod grounds;
mod hostile;
mod informing;
mod logging;
mod matching;
mod notice;
mod objecting;
mod operating;
mod proofs;
mod reopened;
mod restored;
mod restored_keyholder;
mod reviewing;
mod roster;
mod rotated;
mod rubbish;
mod threats;
mod units;
mod witnessing;
mod wronging;
