//! What the own organisation registers, changes, renews and withdraws.

use std::collections::BTreeMap;

use audit::Event;
use crypto::cbor;
use domain::{CalendarDate, FamilyRef, Signal, Visibility};

use super::logging::about;
use super::{Families, Neighbours};
use crate::effects::{Context, Effects};
use crate::record::{SignalRecord, keys_key, match_key};
use crate::{CannotRenew, Collection, ImportCounts, Scope};

impl Families {
    /// Registers signals. The record and everything that follows from it are kept before the reply is given.
    pub(crate) fn import(
        &mut self,
        cx: &Context<'_>,
        signals: Vec<Signal>,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) -> ImportCounts {
        let counts = self.register(cx, signals, fx);
        if self.unfollowed.is_some() {
            self.follow_changes(cx, with, fx);
        }
        counts
    }

    /// Keeps the records of signals. Everything that follows from them is left for [`Families::import`]: it looks at
    /// all families, too often to do it for every part of a large import.
    pub(crate) fn register(
        &mut self,
        cx: &Context<'_>,
        signals: Vec<Signal>,
        fx: &mut Effects<'_>,
    ) -> ImportCounts {
        let mut counts = ImportCounts::default();
        for mut signal in signals {
            if self.objections.keeps_out(&signal.family_ref) {
                counts.kept_out += 1;
                continue;
            }
            let held = self.signals.get(&signal.family_ref);
            if signal.ends_on.is_none() {
                let held = held.and_then(|held| held.ends_on);
                signal.ends_on = Some(signal.family.usual_end(held, cx.now.date()));
            }
            match held {
                Some(held) if *held == signal => {
                    counts.unchanged += 1;
                    continue;
                }
                Some(held) => {
                    counts.changed += 1;
                    self.unfollowed_shows |= held.visibility == Visibility::Visible;
                    fx.record(about(cx, Event::SignalChanged, &signal, &self.objections));
                    let followed = held.family.followed_by(&signal.family);
                    self.objections.follow(&signal.family_ref, &followed, fx);
                    self.informing.follow(&signal.family_ref, &followed, fx);
                }
                None => {
                    counts.added += 1;
                    fx.record(about(cx, Event::SignalRegistered, &signal, &self.objections));
                }
            }
            self.unfollowed_shows |= signal.visibility == Visibility::Visible;
            let key = signal.family_ref.as_str().as_bytes().to_vec();
            fx.put(Collection::Signal, key, cbor::to_vec(&SignalRecord::from(&signal)));
            fx.cut();
            self.decisions.follow(&signal.family_ref, true, cx.now, fx);
            self.wrong_persons.follow(&signal.family_ref, &signal.family, fx);
            self.informing.begin(&signal.family_ref, cx.now, fx);
            self.signals.insert(signal.family_ref.clone(), signal);
        }
        if counts.added + counts.changed > 0 {
            self.unfollowed = Some(cx.now);
        }
        counts
    }

    /// Moves the last day of signals, unless it is too late for one of them. Returns how many there were.
    pub(crate) fn renew(
        &mut self,
        cx: &Context<'_>,
        families: &[FamilyRef],
        until: CalendarDate,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) -> Result<usize, CannotRenew> {
        let mut renewed: Vec<Signal> = Vec::new();
        for signal in families.iter().filter_map(|family| self.signals.get(family)) {
            let refused = |why| CannotRenew { family: signal.family_ref.clone(), why };
            signal.family.check_end(until, cx.now.date()).map_err(refused)?;
            renewed.push(Signal { ends_on: Some(until), ..signal.clone() });
        }
        let count = renewed.len();
        self.import(cx, renewed, with, fx);
        Ok(count)
    }

    /// Removes signals, and with them their keys, tags and matches. Returns how many there were.
    pub(crate) fn withdraw(
        &mut self,
        cx: &Context<'_>,
        families: &[FamilyRef],
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) -> usize {
        let mut withdrawn = 0;
        for family in families {
            let Some(signal) = self.signals.remove(family) else { continue };
            withdrawn += 1;
            self.decisions.follow(family, false, cx.now, fx);
            self.objections.follow(family, &BTreeMap::new(), fx);
            self.wrong_persons.withdrawn(family, cx.now, fx);
            self.informing.remove(family, fx);
            fx.record(about(cx, Event::SignalWithdrawn, &signal, &self.objections));
            fx.delete(Collection::Signal, family.as_str().as_bytes().to_vec());
            for epoch in &cx.epochs.lanes {
                let scope = Scope::Epoch(*epoch);
                fx.delete_in(scope, Collection::FamilyKeys, keys_key(*epoch, family));
                self.settled.remove(&(*epoch, family.clone()));
                self.recorded.remove(&(*epoch, family.clone()));
            }
            for feed in self.matches.remove_family(family) {
                fx.delete_in(Scope::Epoch(feed.epoch), Collection::Match, match_key(family, &feed));
                fx.cut();
            }
            self.units.touch(&self.own, family);
            self.own.remove(family);
            self.seen.remove(family);
            fx.cut();
        }
        if withdrawn > 0 {
            let own = &self.own;
            with.client.keep_only(|key| own.carriers(key).next().is_some());
            self.follow_changes(cx, with, fx);
        }
        withdrawn
    }
}
