//! What leaving means for the network's keys, and the beginning of a departure.

use control::LeaveLine;
use domain::Oin;
use protocol::Status;
use roster::VerifiedRoster;

/// What happens to the keys of the network when this organisation leaves it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Consequences {
    /// One sentence each.
    pub(super) sentences: Vec<String>,
    /// Whether the governors have to do something first.
    pub(super) refused: bool,
}

impl Consequences {
    /// A member that holds no key: nothing.
    pub(super) fn of(oin: Oin, status: &Status, roster: &VerifiedRoster) -> Self {
        let mut found = Self::default();
        let section = roster.keyholder_section();
        let others = section.keyholders.iter().filter(|held| held.oin != oin).count();
        let (named, threshold) = (others < section.keyholders.len(), usize::from(section.threshold));
        if named {
            found.refused = true;
            found.sentences.push(format!(
                "this organisation holds keys for the network; of its keyholders {others} would be left, and {threshold} \
                 are needed{}. Have the governors name another keyholder first (samenhang roster set, with [keyholders])",
                if others < threshold { ": no member could make pseudonyms for new signals any more" } else { "" }
            ));
        }
        for ceremony in status.ceremonies.iter().filter(|ceremony| ceremony.share.is_some()) {
            let made = &ceremony.keyholders;
            let left =
                made.iter().filter(|held| held.keyholder != oin && roster.member(&held.keyholder).is_some());
            let left = left.count();
            let needed = ceremony.key_set.map_or(threshold, |made| usize::from(made.threshold));
            found.refused |= left < needed;
            found.sentences.push(format!(
                "its share of the keys {} of epoch {} is destroyed; {left} other shares remain and {needed} are needed{}",
                ceremony.class,
                ceremony.epoch,
                if left < needed {
                    ": no member could make such pseudonyms until the next epoch. Wait until it has begun"
                } else {
                    ""
                }
            ));
        }
        found
    }

    /// As it is told; `begun` once the departure has.
    pub(super) fn line(self, begun: Option<String>, signals: usize) -> LeaveLine {
        LeaveLine { begun, signals, keys: self.sentences, refused: self.refused }
    }
}

/// Why a departing organisation takes no signals.
pub(super) const NO_MORE_SIGNALS: &str = "this organisation is leaving the network and takes no signals any more; \
                                          `samenhang leave` tells how far that is";
