//! Events between the swarm and the node, in a fair order.
//!
//! What concerns the node itself goes first, in order: who came and went, own requests that failed. What a member sends
//! waits in that member's line. The next event is the one that would end first if every member got the same share of the
//! node's time from the moment at which it began to wait. So a member that asks much waits behind at most one event of
//! each other, and a member that asks little waits behind nobody. In a line, kinds take turns: answers to own requests,
//! gossip, requests of each conversation.
//!
//! A request that comes faster than its rate allows waits in its line until its time has come. Evaluations are not the
//! event loop's work: who waits for an evaluator to be free loses nothing by it. Other things bound the lines:
//! own requests under way, [`Unanswered`](crate::unanswered::Unanswered), and the numbers below.

use std::collections::{BTreeMap, VecDeque};

use domain::Oin;
use protocol::{Conversation, Input, ResponseToken};
use tokio::time::Instant;

use crate::rates::{Buckets, Rates};
use crate::work;

/// Events of the node itself that wait: failures of about hundred bytes each. Commands may cause as many while the node
/// takes no event; only one that gives tens of thousands of orders without ever taking one loses any.
const MAX_OWN_EVENTS: usize = 65_536;

/// Gossip that waits of one member: an author's burst, twice.
const MAX_GOSSIP_PER_MEMBER: usize = 128;

/// Gossip that waits over all members: 64 MiB of the longest frames. Above it only who has none waiting is heard.
const MAX_GOSSIP: usize = 16_384;

/// Rates remembered: one for each member and conversation of the largest network.
const MAX_BUCKETS: usize = 40_000;

/// Kinds of events in a line.
const LANES: usize = 2 + Conversation::ALL.len();

/// What a member caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Answers,
    Gossip,
    Requests(Conversation),
}

impl Lane {
    const ALL: [Self; LANES] = [
        Self::Answers,
        Self::Gossip,
        Self::Requests(Conversation::Ceremony),
        Self::Requests(Conversation::Roster),
        Self::Requests(Conversation::Witness),
        Self::Requests(Conversation::Feed),
        Self::Requests(Conversation::Evaluation),
    ];
}

/// What one member caused and the node has not taken yet.
#[derive(Debug, Default)]
struct Line {
    /// The time of [`EventQueue::clock`] when it began to wait, and the microseconds of work done for it since.
    served_until: u64,
    answers: VecDeque<Input>,
    gossip: VecDeque<Input>,
    requests: BTreeMap<Conversation, VecDeque<Input>>,
    /// The kind whose turn it is.
    turn: usize,
}

/// When there is something to take.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Now.
    Now,
    /// Not before.
    At(Instant),
    /// When something else happens.
    Unknown,
}

/// Whether a request may be taken now, for what it occupies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It may.
    Free,
    /// Its sender has as much in hand as it may have, or does not read its answers.
    Used,
    /// What it needs is occupied by others.
    Taken,
}

/// What to take next.
enum Next {
    Own,
    Of(Oin, Lane, usize),
}

/// Why a line has nothing to take now.
struct Later {
    /// When it will have something, if time alone brings it about.
    due: Option<Instant>,
    /// Whether it waits for what others occupy.
    by_others: bool,
}

/// Events in order, bounded.
#[derive(Debug)]
pub(crate) struct EventQueue {
    rates: Rates,
    own: VecDeque<Input>,
    lines: BTreeMap<Oin, Line>,
    /// The time of a clock that every waiting member keeps up with: where what was last taken began.
    clock: u64,
    gossip: usize,
    spent: Buckets<(Oin, Conversation)>,
}

impl EventQueue {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            rates,
            own: VecDeque::new(),
            lines: BTreeMap::new(),
            clock: 0,
            gossip: 0,
            spent: Buckets::new(MAX_BUCKETS),
        }
    }

    /// Appends what concerns the node itself; false when it is lost for lack of room.
    pub(crate) fn push_own(&mut self, input: Input) -> bool {
        let fits = self.own.len() < MAX_OWN_EVENTS;
        if fits {
            self.own.push_back(input);
        }
        fits
    }

    /// Appends the answer to an own request. There are as many as own requests under way.
    pub(crate) fn push_answer(&mut self, from: Oin, input: Input) {
        self.line(from).answers.push_back(input);
    }

    /// Appends gossip that came by way of a member; false when too much waits.
    pub(crate) fn push_gossip(&mut self, by: Oin, input: Input) -> bool {
        let waiting = self.lines.get(&by).map_or(0, |line| line.gossip.len());
        let most = if self.gossip < MAX_GOSSIP { MAX_GOSSIP_PER_MEMBER } else { 1 };
        let fits = waiting < most;
        if fits {
            self.gossip += 1;
            self.line(by).gossip.push_back(input);
        }
        fits
    }

    /// Appends a request, for which there is room elsewhere.
    pub(crate) fn push_request(&mut self, from: Oin, conversation: Conversation, input: Input) {
        self.line(from).requests.entry(conversation).or_default().push_back(input);
    }

    /// Takes a request out that is not to be answered any more.
    pub(crate) fn forget_request(&mut self, from: &Oin, token: ResponseToken) {
        let Some(line) = self.lines.get_mut(from) else { return };
        for waiting in line.requests.values_mut() {
            waiting.retain(|input| request_token(input) != Some(token));
        }
    }

    /// Takes out everything that a member asks, which is gone; returns the requests.
    pub(crate) fn forget_requests(&mut self, from: &Oin) -> Vec<ResponseToken> {
        let Some(line) = self.lines.get_mut(from) else { return Vec::new() };
        let forgotten = std::mem::take(&mut line.requests);
        forgotten.values().flatten().filter_map(request_token).collect()
    }

    /// Events that wait.
    pub(crate) fn len(&self) -> usize {
        self.own.len() + self.lines.values().map(Line::len).sum::<usize>()
    }

    /// When [`EventQueue::pop`] has something. `place` says whether a request of a member may be taken.
    pub(crate) fn due(&self, now: Instant, place: impl Fn(&Oin, ResponseToken) -> Place) -> Due {
        self.look(now, place).0.map_or_else(|due| due, |_| Due::Now)
    }

    /// Takes the next event.
    pub(crate) fn pop(
        &mut self,
        now: Instant,
        place: impl Fn(&Oin, ResponseToken) -> Place,
    ) -> Option<Input> {
        let (next, resting) = self.look(now, place);
        let Ok(Next::Of(from, lane, turn)) = next else { return self.own.pop_front() };
        // Who waits for its rate, and not for others, saves up nothing meanwhile.
        for member in resting {
            if let Some(line) = self.lines.get_mut(&member) {
                line.served_until = line.served_until.max(self.clock);
            }
        }
        let line = self.lines.get_mut(&from)?;
        let input = line.take(lane)?;
        line.turn = turn + 1;
        self.clock = self.clock.max(line.served_until);
        line.served_until += work::microseconds(&input);
        match lane {
            Lane::Answers => {}
            Lane::Gossip => self.gossip -= 1,
            Lane::Requests(conversation) => {
                let amount = work::amount(conversation, frame(&input));
                self.spent.tidy(now);
                self.spent.take((from, conversation), self.rates.requests(conversation), amount, now);
            }
        }
        // Whoever waits for nothing and has had no more than others starts anew, and everybody does when nobody waits.
        let clock = self.clock;
        let is_over = self.lines.values().all(|line| line.len() == 0);
        self.lines.retain(|_, line| !is_over && (line.len() > 0 || line.served_until > clock));
        Some(input)
    }

    fn line(&mut self, of: Oin) -> &mut Line {
        let line = self.lines.entry(of).or_default();
        if line.len() == 0 {
            line.served_until = line.served_until.max(self.clock);
        }
        line
    }

    /// What is next; without that, when there will be something. Beside it the members that others keep from nothing.
    fn look(
        &self,
        now: Instant,
        place: impl Fn(&Oin, ResponseToken) -> Place,
    ) -> (Result<Next, Due>, Vec<Oin>) {
        if !self.own.is_empty() {
            return (Ok(Next::Own), Vec::new());
        }
        let mut resting = Vec::new();
        let mut first: Option<(u64, Next)> = None;
        let mut due: Option<Instant> = None;
        for (member, line) in &self.lines {
            match self.next_of(member, line, now, &place) {
                Ok((lane, turn, cost)) => {
                    let ends = line.served_until + cost;
                    if first.as_ref().is_none_or(|(found, _)| ends < *found) {
                        first = Some((ends, Next::Of(*member, lane, turn)));
                    }
                }
                Err(Later { due: later, by_others }) => {
                    due = due.into_iter().chain(later).min();
                    if !by_others {
                        resting.push(*member);
                    }
                }
            }
        }
        (first.map(|(_, next)| next).ok_or(due.map_or(Due::Unknown, Due::At)), resting)
    }

    /// The next of one line with its turn and cost; without that, when there will be one.
    fn next_of(
        &self,
        member: &Oin,
        line: &Line,
        now: Instant,
        place: &impl Fn(&Oin, ResponseToken) -> Place,
    ) -> Result<(Lane, usize, u64), Later> {
        let mut later = Later { due: None, by_others: false };
        for turn in line.turn..line.turn + LANES {
            let Some(lane) = Lane::ALL.get(turn % LANES).copied() else { continue };
            let Some(input) = line.first(lane) else { continue };
            if let Lane::Requests(conversation) = lane {
                match request_token(input).map_or(Place::Free, |token| place(member, token)) {
                    Place::Free => {}
                    Place::Used => continue,
                    Place::Taken => {
                        later.by_others = true;
                        continue;
                    }
                }
                let amount = work::amount(conversation, frame(input));
                let rate = self.rates.requests(conversation);
                let at = self.spent.due(&(*member, conversation), rate, amount, now);
                if at > now {
                    later.due = later.due.into_iter().chain([at]).min();
                    continue;
                }
            }
            return Ok((lane, turn % LANES, work::microseconds(input)));
        }
        Err(later)
    }
}

impl Line {
    fn len(&self) -> usize {
        self.answers.len() + self.gossip.len() + self.requests.values().map(VecDeque::len).sum::<usize>()
    }

    fn first(&self, lane: Lane) -> Option<&Input> {
        match lane {
            Lane::Answers => self.answers.front(),
            Lane::Gossip => self.gossip.front(),
            Lane::Requests(conversation) => self.requests.get(&conversation)?.front(),
        }
    }

    fn take(&mut self, lane: Lane) -> Option<Input> {
        match lane {
            Lane::Answers => self.answers.pop_front(),
            Lane::Gossip => self.gossip.pop_front(),
            Lane::Requests(conversation) => self.requests.get_mut(&conversation)?.pop_front(),
        }
    }
}

/// The token of a request; `None` of any other event.
pub(crate) fn request_token(input: &Input) -> Option<ResponseToken> {
    if let Input::Request { token, .. } = input { Some(*token) } else { None }
}

fn frame(input: &Input) -> &[u8] {
    if let Input::Request { frame, .. } = input { frame } else { &[] }
}

#[cfg(test)]
mod tests;
