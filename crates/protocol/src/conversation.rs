//! The conversations that nodes hold with each other, and the bounds of their frames.

/// A request-response conversation; each has its own libp2p protocol and its own limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conversation {
    /// Key ceremony among keyholders, and the key sets it yields.
    Ceremony,
    /// Evaluation of blinded elements by keyholders.
    Evaluation,
    /// Heads, headers and bodies of feeds.
    Feed,
    /// Versions of the roster.
    Roster,
    /// Checkpoints of logs, and what is held against keepers.
    Witness,
}

impl Conversation {
    /// Every conversation.
    pub const ALL: [Self; 5] = [Self::Ceremony, Self::Evaluation, Self::Feed, Self::Roster, Self::Witness];

    /// The libp2p protocol name, `/samenhang/<conversation>/1`.
    #[must_use]
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::Ceremony => "/samenhang/ceremony/1",
            Self::Evaluation => "/samenhang/evaluation/1",
            Self::Feed => "/samenhang/feed/1",
            Self::Roster => "/samenhang/roster/1",
            Self::Witness => "/samenhang/witness/1",
        }
    }

    /// Longest request in bytes. A longer one is refused before it is read.
    #[must_use]
    pub const fn max_request_bytes(self) -> usize {
        match self {
            // An exchange carries as much as its answer.
            Self::Ceremony => self.max_response_bytes(),
            // Elements, 32 leaves, and a checkpoint with its cosignatures.
            Self::Evaluation => 34 * 1024,
            // Two signed statements make a proof of equivocation; everything else is below 1 KiB.
            Self::Feed => 2_304,
            // A piece of evidence, or a page of checkpoints.
            Self::Witness => 64 * 1024,
            // Names of as many rosters as a node keeps of those that contradict each other.
            Self::Roster => 1_024,
        }
    }

    /// Longest response in bytes. A longer one is refused before it is read.
    ///
    /// Ceremony frames carry at most every keyholder's signed packages; evaluation frames at most 256 elements of
    /// 32 bytes, or 32 leaves and a checkpoint; feed frames one body of 4,000 tags of 16 bytes or a page of headers;
    /// roster frames one version with the most members a roster may list, about 350 bytes each; witness frames one piece
    /// of evidence.
    #[must_use]
    pub const fn max_response_bytes(self) -> usize {
        match self {
            Self::Ceremony => 256 * 1024,
            Self::Evaluation => 26 * 1024,
            Self::Feed => 80 * 1024,
            Self::Roster => 4 * 1024 * 1024,
            Self::Witness => 52 * 1024,
        }
    }
}
