//! Networks over real TCP on the loopback interface: members, strangers, frames and gossip.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a panic in a test is a failing test, and whatever is not expected fails it"
)]

mod backpressure;
mod conversations;
mod frames;
mod gossip;
mod membership;
mod raw_peer;
mod support;
