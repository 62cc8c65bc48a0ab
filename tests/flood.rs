//! Whole nodes under the floods of ten hostile members: the own organisation and an honest member are answered, what
//! waits stays within its bounds, and afterwards everything is as before.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

#[path = "flood/arena.rs"]
mod arena;

use arena::{Arena, Flood};
use network::{Counters, Load};

/// Questions that are answered under each flood.
const QUESTIONS: usize = 20;

/// Events of a flood that count as one.
const MANY: u64 = 1_000;

/// Hostile members, the honest one and the two other nodes.
const OTHERS: u64 = 13;

fn bounded(most: Load) {
    // Each member: 64 requests, the gossip of two bursts, and answers to own requests.
    assert!(most.requests <= OTHERS * 64, "{most:?}");
    assert!(most.request_bytes <= OTHERS * (4 << 20), "{most:?}");
    assert!(most.events <= OTHERS * (64 + 128 + 16) + 100, "{most:?}");
    assert!(most.connections <= OTHERS * 4, "{most:?}");
}

/// Whether the counters show that it was a flood.
type Enough = fn(&Counters) -> bool;

/// Under one flood after the other: `enough` says when one was a flood.
async fn withstands(floods: &[(Flood, Enough)]) {
    let mut arena = Arena::open().await;
    for (flood, enough) in floods {
        let attack = arena.attack(*flood, || ()).await;
        let mut asked = 0;
        while asked < QUESTIONS || attack.sent() < MANY || !enough(&arena.counters()) {
            arena.who().await;
            arena.heads().await;
            arena.evaluate(16).await;
            asked += 1;
            assert!(asked < 100_000, "{flood:?}: {} sent, {:?}", attack.sent(), arena.counters());
        }
        attack.stop();
        bounded(arena.most_load());
        assert_eq!(arena.counters().events_lost, 0);
    }
    // The node goes on as before: its clock runs, and it publishes.
    arena.until(|status| status.published && status.key_sets.len() == 2).await;
    arena.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_questions_leave_the_honest_ones_answered() {
    withstands(&[(Flood::Feeds, |_| true), (Flood::Rosters, |_| true), (Flood::Ceremonies, |_| true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_evaluations_leaves_the_honest_ones_answered() {
    withstands(&[(Flood::Evaluations, |_| true)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_heads_leave_the_honest_ones_answered_and_are_cut_to_their_rate() {
    withstands(&[
        (Flood::Heads, |counters| counters.gossip_too_often > 1_000),
        (Flood::Rubbish, |counters| counters.gossip_too_often > 2_000),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_everything_leaves_the_honest_ones_answered() {
    withstands(&[(Flood::Everything, |_| true)]).await;
}
