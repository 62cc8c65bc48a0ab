//! Networks over real TCP and QUIC on the loopback interface: members, strangers, frames, gossip and relays.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a panic in a test is a failing test, and whatever is not expected fails it"
)]

mod backpressure;
mod conversations;
mod floods;
mod frames;
mod gossip;
mod membership;
mod quic;
mod raw_peer;
mod relay;
mod support;
mod wire;
