//! From epoch to epoch: when each turns, and that nothing of one that is over can be read.

use domain::{Epoch, KeyClass, Timestamp};
use roster::VerifiedRoster;

use super::Run;
use crate::Founding;
use crate::schedule::Moment;

impl Run {
    /// The first time from `earliest` on at which an epoch turns in this way.
    pub(super) fn next_turn(&self, moment: Moment, earliest: Timestamp) -> Timestamp {
        let (roster, clock) = (self.roster(), self.roster().epoch_at(earliest).0);
        // Before the first epoch there was nothing.
        let turns =
            (clock.saturating_sub(1).max(1)..=clock.saturating_add(2)).map(Epoch).map(|epoch| match moment {
                Moment::Preparation => roster.preparation_of(epoch),
                Moment::Start => roster.start_of(epoch),
                Moment::Expiry => roster.expiry_of(epoch),
            });
        turns.filter(|turn| *turn >= earliest).min().unwrap_or(earliest)
    }

    /// Whether nothing of an epoch that is over can be read at any node, and no share of a key is left that another took
    /// the place of. Said of nodes whose clocks agree.
    pub(super) fn nothing_expired(&mut self) -> Result<(), String> {
        let oldest = oldest_readable(self.roster(), self.net.now());
        for member in self.honest() {
            let oin = Founding::oin(member);
            if let Some(epoch) = self.net.disk(oin).epochs().into_iter().find(|epoch| *epoch < oldest) {
                return Err(format!(
                    "member {member} can still read what it kept in epoch {epoch}, which is over"
                ));
            }
            let Some(status) = self.status(member) else { continue };
            for name in self.net.disk(oin).secret_names() {
                let Some((epoch, class)) = key_of(name) else { continue };
                if status.entered.get(&class).is_some_and(|entered| epoch < *entered) {
                    return Err(format!("member {member} still has {name}, and has entered the epoch after"));
                }
            }
        }
        Ok(())
    }
}

/// The oldest epoch of which anything may be read at a moment.
pub(super) fn oldest_readable(roster: &VerifiedRoster, now: Timestamp) -> Epoch {
    let clock = roster.epoch_at(now);
    let before = clock.0.checked_sub(1).map(Epoch);
    before.filter(|before| now < roster.expiry_of(*before)).unwrap_or(clock)
}

/// The key that a secret file belongs to, by its name.
fn key_of(name: &str) -> Option<(Epoch, KeyClass)> {
    let mut words = name.split('-').skip(1);
    let epoch = Epoch(words.next()?.parse().ok()?);
    let class = words.next()?;
    Some((epoch, KeyClass::ALL.into_iter().find(|known| known.to_string() == class)?))
}
