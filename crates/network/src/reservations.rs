//! The places of the own node at relays: where members behind firewalls wait for circuits.
//!
//! A node that nobody can dial holds places at the three relays that are nearest to it among those it is connected
//! to, so that one may fail without anybody noticing for long. A place ends with its connection, or when the relay
//! refuses; it is asked for again after a pause that doubles. No clock here: `now` is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Oin;
use libp2p::core::transport::ListenerId;
use tokio::time::Instant;

use crate::members::Relay;

/// Places that a node wants. Two survive the loss of a relay, three also the restart of another meanwhile.
pub(crate) const PLACES: usize = 3;

/// Pause after a place was lost; doubled by each further refusal.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Relays remembered with their refusals. More are in no roster; beyond it the pauses start anew.
const MAX_REMEMBERED: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Asked for.
    Asked(ListenerId),
    /// Held.
    Held(ListenerId),
    /// Refused or lost.
    Pause { until: Instant },
}

#[derive(Debug)]
struct AtRelay {
    place: Place,
    refusals: u32,
}

/// All places.
#[derive(Debug, Default)]
pub(crate) struct Reservations {
    relays: BTreeMap<Oin, AtRelay>,
}

impl Reservations {
    /// Which of the relays, in this order of preference, to ask for a place now.
    pub(crate) fn to_ask(&self, relays: impl Iterator<Item = Relay>, now: Instant) -> Vec<Relay> {
        let place = |relay: &Relay| self.relays.get(&relay.oin).map(|at| at.place);
        let is_pausing = |relay: &Relay| matches!(place(relay), Some(Place::Pause { until }) if until > now);
        let is_free = |relay: &Relay| matches!(place(relay), None | Some(Place::Pause { .. }));
        relays.filter(|relay| !is_pausing(relay)).take(PLACES).filter(is_free).collect()
    }

    /// When a pause ends.
    pub(crate) fn next_pause_end(&self, now: Instant) -> Option<Instant> {
        let ends = self.relays.values().filter_map(|at| match at.place {
            Place::Pause { until } => Some(until),
            Place::Asked(_) | Place::Held(_) => None,
        });
        ends.filter(|until| *until > now).min()
    }

    /// A relay was asked; `listener` stands for the place.
    pub(crate) fn asked(&mut self, relay: Oin, listener: ListenerId) {
        if self.relays.len() >= MAX_REMEMBERED {
            self.relays.retain(|_, at| !matches!(at.place, Place::Pause { .. }));
        }
        let at = self.relays.entry(relay).or_insert(AtRelay { place: Place::Asked(listener), refusals: 0 });
        at.place = Place::Asked(listener);
    }

    /// A relay gave the place. Returns whether that is news.
    pub(crate) fn held(&mut self, relay: Oin) -> bool {
        let Some(at) = self.relays.get_mut(&relay) else { return false };
        let Place::Asked(listener) = at.place else { return false };
        *at = AtRelay { place: Place::Held(listener), refusals: 0 };
        true
    }

    /// A listener closed. Returns the relay if it stood for a place there.
    pub(crate) fn closed(&mut self, listener: ListenerId, now: Instant) -> Option<Oin> {
        let stands = |at: &AtRelay| matches!(at.place, Place::Asked(id) | Place::Held(id) if id == listener);
        let (oin, at) = self.relays.iter_mut().find(|(_, at)| stands(at))?;
        let oin = *oin;
        at.pause(now);
        Some(oin)
    }

    /// A relay could not be asked.
    pub(crate) fn failed(&mut self, relay: Oin, now: Instant) {
        let until = now;
        self.relays.entry(relay).or_insert(AtRelay { place: Place::Pause { until }, refusals: 0 }).pause(now);
    }

    /// Places to give back: all but those at the relays that are still wanted. One that was asked for and not given
    /// yet is kept until it is: libp2p does not expect an answer for a listener that is gone.
    pub(crate) fn to_give_back(&self, is_wanted: impl Fn(&Oin) -> bool) -> Vec<ListenerId> {
        let unwanted = self.relays.iter().filter(|(relay, _)| !is_wanted(relay));
        unwanted
            .filter_map(|(_, at)| match at.place {
                Place::Held(listener) => Some(listener),
                Place::Asked(_) | Place::Pause { .. } => None,
            })
            .collect()
    }

    /// How many places are held.
    pub(crate) fn count(&self) -> usize {
        self.relays.values().filter(|at| matches!(at.place, Place::Held(_))).count()
    }
}

impl AtRelay {
    fn pause(&mut self, now: Instant) {
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.refusals)).min(LONGEST_PAUSE);
        self.refusals = self.refusals.saturating_add(1);
        self.place = Place::Pause { until: now + pause };
    }
}

#[cfg(test)]
mod tests {
    use libp2p::{Multiaddr, PeerId};

    use super::*;

    fn relay(serial: u64) -> Relay {
        let oin = Oin::test_number(serial).unwrap();
        Relay { oin, peer: PeerId::random(), address: Multiaddr::empty() }
    }

    fn asks(places: &Reservations, relays: &[Relay], now: Instant) -> Vec<Oin> {
        places.to_ask(relays.iter().cloned(), now).into_iter().map(|relay| relay.oin).collect()
    }

    #[tokio::test]
    async fn the_nearest_three_are_asked_and_a_refusal_makes_room_for_the_next() {
        let now = Instant::now();
        let relays: Vec<Relay> = (1..=5).map(relay).collect();
        let oin = |place: usize| relays[place].oin;
        let mut places = Reservations::default();
        assert_eq!(asks(&places, &relays, now), [oin(0), oin(1), oin(2)]);
        let listeners: Vec<ListenerId> = (0..3).map(|_| ListenerId::next()).collect();
        for (place, listener) in listeners.iter().enumerate() {
            places.asked(oin(place), *listener);
        }
        assert!(asks(&places, &relays, now).is_empty());
        assert!(places.held(oin(0)) && !places.held(oin(0)) && !places.held(oin(4)));
        assert!(places.held(oin(2)));
        assert_eq!(places.count(), 2);

        assert_eq!(places.closed(listeners[1], now), Some(oin(1)), "refused");
        assert_eq!(places.closed(listeners[1], now), None);
        assert_eq!(asks(&places, &relays, now), [oin(3)], "the next takes its place");
        assert_eq!(places.next_pause_end(now), Some(now + FIRST_PAUSE));
        let later = now + FIRST_PAUSE;
        assert_eq!(asks(&places, &relays, later), [oin(1)], "the pause is over");
        assert_eq!(places.next_pause_end(later), None, "no timer for what is over");
    }

    #[tokio::test]
    async fn pauses_double_and_start_anew_once_a_place_is_given() {
        let now = Instant::now();
        let one = relay(1);
        let mut places = Reservations::default();
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            places.failed(one.oin, now);
            assert_eq!(places.next_pause_end(now), Some(now + Duration::from_secs(pause)));
        }
        let listener = ListenerId::next();
        places.asked(one.oin, listener);
        places.held(one.oin);
        places.closed(listener, now);
        assert_eq!(places.next_pause_end(now), Some(now + FIRST_PAUSE));
    }

    #[tokio::test]
    async fn so_many_refusals_are_remembered_and_places_are_kept() {
        let now = Instant::now();
        let mut places = Reservations::default();
        places.asked(relay(1).oin, ListenerId::next());
        places.held(relay(1).oin);
        for serial in 2..=1_000 {
            places.failed(relay(serial).oin, now);
        }
        assert_eq!(places.relays.len(), 1_000);
        places.asked(relay(1_001).oin, ListenerId::next());
        assert_eq!((places.relays.len(), places.count()), (2, 1), "refusals make room, places do not");
    }

    #[tokio::test]
    async fn a_place_is_given_back_only_once_it_was_given() {
        let mut places = Reservations::default();
        let [one, other] = [relay(1), relay(2)];
        let listener = ListenerId::next();
        places.asked(one.oin, listener);
        assert!(places.to_give_back(|_| false).is_empty());
        places.held(one.oin);
        assert!(places.to_give_back(|relay| *relay == one.oin).is_empty());
        assert_eq!(places.to_give_back(|relay| *relay == other.oin), [listener]);
    }
}
