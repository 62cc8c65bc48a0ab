//! Who holds an attempt up: what each keyholder owed since when, and what came how late.
//!
//! Whoever waits until the last moment before it speaks leaves the others no time for what follows, so that they owe
//! something to each other and it owes nothing. So a keyholder is held responsible for what it owed for long.

use std::collections::BTreeMap;

use domain::Timestamp;

use super::Ceremony;

/// Steps that follow each other: round 1, round 2 or a complaint about it, the answer, echo, signature. An attempt in
/// which each takes less than this part of the deadline completes in time.
const STEPS: u64 = 5;

/// What a keyholder contributes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Piece {
    Round1 { of: u16 },
    Round2 { of: u16 },
    Complaint { of: u16, about: u16 },
    Answer { of: u16, to: u16 },
    Echo { of: u16 },
    Signature { of: u16 },
}

impl Piece {
    pub(super) const fn of(self) -> u16 {
        match self {
            Self::Round1 { of }
            | Self::Round2 { of }
            | Self::Complaint { of, .. }
            | Self::Answer { of, .. }
            | Self::Echo { of }
            | Self::Signature { of } => of,
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Round1 { .. } => "round 1 package",
            Self::Round2 { .. } => "round 2 package",
            Self::Complaint { .. } => "complaint",
            Self::Answer { .. } => "answer to a complaint",
            Self::Echo { .. } => "echo",
            Self::Signature { .. } => "signature on the key set",
        }
    }

    const fn words_when_late(self) -> &'static str {
        match self {
            Self::Round1 { .. } => "round 1 package in time",
            Self::Round2 { .. } => "round 2 package in time",
            Self::Complaint { .. } => "complaint in time",
            Self::Answer { .. } => "answer to a complaint in time",
            Self::Echo { .. } => "echo in time",
            Self::Signature { .. } => "signature on the key set in time",
        }
    }
}

/// When each piece was first held here, in this run.
#[derive(Default)]
pub(super) struct Pace {
    since: Option<Timestamp>,
    arrived: BTreeMap<Piece, Timestamp>,
}

impl Pace {
    /// Moves everything when the clock was set.
    pub(super) fn clock_jumped(&mut self, moved: impl Fn(Timestamp) -> Timestamp) {
        self.since = self.since.map(&moved);
        for at in self.arrived.values_mut() {
            *at = moved(*at);
        }
    }
}

impl Ceremony {
    /// Notes what came until now.
    pub(super) fn note_pace(&mut self, now: Timestamp) {
        self.pace.since.get_or_insert(now);
        let signed = self.result.iter().flat_map(|result| result.signatures.keys());
        let pieces = (self.round1.keys().map(|of| Piece::Round1 { of: *of }))
            .chain(self.round2.keys().map(|of| Piece::Round2 { of: *of }))
            .chain(self.complaints.keys().map(|(of, about)| Piece::Complaint { of: *of, about: *about }))
            .chain(self.disclosures.keys().map(|(of, to)| Piece::Answer { of: *of, to: *to }))
            .chain(self.echoes.keys().map(|of| Piece::Echo { of: *of }))
            .chain(signed.map(|of| Piece::Signature { of: *of }));
        for piece in pieces {
            self.pace.arrived.entry(piece).or_insert(now);
        }
    }

    /// The other participants that hold the attempt up, each with what it owes: for a good part of the deadline, or else
    /// for as long before it came.
    pub(super) fn held_up_by(&self, now: Timestamp) -> BTreeMap<u16, &'static str> {
        let others = self.participants.iter().copied().filter(|index| *index != self.me);
        let owed =
            others.filter_map(|index| self.missing_of(index)).filter(|piece| self.is_slow(*piece, now));
        let owing: BTreeMap<u16, &'static str> = owed.map(|piece| (piece.of(), piece.words())).collect();
        if !owing.is_empty() {
            return owing;
        }
        let came = self.pace.arrived.iter();
        let late = came.filter(|(piece, at)| piece.of() != self.me && self.is_slow(**piece, **at));
        late.map(|(piece, _)| (piece.of(), piece.words_when_late())).collect()
    }

    /// Whether a piece was owed for a good part of the deadline by then.
    fn is_slow(&self, piece: Piece, by: Timestamp) -> bool {
        let patience = self.span.deadline.since(self.span.began) / STEPS;
        self.owed_since(piece).is_some_and(|since| by.since(since) >= patience)
    }

    /// When everything was there that a piece follows from.
    fn owed_since(&self, piece: Piece) -> Option<Timestamp> {
        let at = |piece: Piece| self.pace.arrived.get(&piece).copied();
        let last = |piece: fn(u16) -> Piece| {
            let all: Option<Vec<Timestamp>> =
                self.participants.iter().map(|index| at(piece(*index))).collect();
            all?.into_iter().max()
        };
        match piece {
            Piece::Round1 { .. } => self.pace.since,
            Piece::Round2 { .. } => last(|of| Piece::Round1 { of }),
            Piece::Complaint { about, .. } => {
                Some(last(|of| Piece::Round1 { of })?.max(at(Piece::Round2 { of: about })?))
            }
            Piece::Answer { of, to } => at(Piece::Complaint { of: to, about: of }),
            Piece::Echo { of: echoing } => {
                let answer = |of: &u16| at(Piece::Answer { of: *of, to: echoing });
                let answers = self.participants.iter().filter_map(answer);
                Some(answers.fold(last(|of| Piece::Round2 { of })?, Timestamp::max))
            }
            Piece::Signature { .. } => last(|of| Piece::Echo { of }),
        }
    }
}
