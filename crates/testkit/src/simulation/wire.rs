//! The wire: what nodes say becomes messages in one queue, and each message meets its fate.

use domain::{CircleId, Oin, Timestamp};
use protocol::{Conversation, Input, Outbound, RequestId, ResponseToken};

use super::Simulation;

/// Messages in one second beyond which a network is taken to chase its own tail.
const MOST_MESSAGES: usize = 400_000;

/// Seconds after which an asker gives up when nobody hears it.
const PATIENCE_SECONDS: u64 = 10;

/// Seconds after which an asker gives up when it was heard and is not answered, as on real connections.
const ANSWER_SECONDS: u64 = 60;

/// A message on its way, as a test may inspect it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who sent it.
    pub from: Oin,
    /// Whom it is for.
    pub to: Oin,
    /// The conversation; gossip belongs to none.
    pub conversation: Option<Conversation>,
    /// Whether it answers a request.
    pub is_response: bool,
    /// The frame.
    pub frame: Vec<u8>,
    pub(super) route: Route,
    /// Whether its fate is decided.
    is_judged: bool,
    /// Whether nobody changes it on the way out any more.
    pub(super) is_final: bool,
}

impl Message {
    pub(super) fn new(
        from: Oin,
        to: Oin,
        conversation: Option<Conversation>,
        frame: Vec<u8>,
        route: Route,
    ) -> Self {
        let is_response = matches!(route, Route::Response(_));
        Self { from, to, conversation, is_response, frame, route, is_judged: false, is_final: false }
    }

    /// The same, as what a hostile member made up itself.
    pub(super) fn sent_as_it_is(self) -> Self {
        Self { is_final: true, ..self }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Route {
    Request(RequestId),
    Response(RequestId),
    Gossip(CircleId),
}

/// What becomes of a message.
#[derive(Debug)]
pub enum Fate {
    /// It arrives.
    Deliver,
    /// It is lost; the asker sees its request fail.
    Drop,
    /// It is lost; the asker gives up after so many seconds.
    Silent(u64),
    /// Another frame arrives in its place.
    Replace(Vec<u8>),
    /// It arrives twice.
    Twice,
    /// It arrives after so many of the messages that are on their way now.
    Behind(usize),
    /// It arrives so many seconds later, after whatever was sent meanwhile.
    Late(u64),
}

/// Something that happens at a later moment.
pub(super) enum Later {
    Arrives(Message),
    /// Whoever waits for an answer gives up.
    Fails(Message),
}

impl Later {
    fn message(&self) -> &Message {
        match self {
            Self::Arrives(message) | Self::Fails(message) => message,
        }
    }
}

/// A request that a node holds and has not answered.
pub(super) struct Held {
    asker: Oin,
    id: RequestId,
    conversation: Conversation,
    /// When the asker gives up.
    until: Timestamp,
}

impl Simulation {
    pub(super) fn dispatch(&mut self, from: Oin, said: Outbound) {
        match said {
            Outbound::Request { to, conversation, id, frame } => {
                let message = Message::new(from, to, Some(conversation), frame, Route::Request(id));
                self.queue.push_back(message);
            }
            Outbound::Respond { token, frame } => {
                if let Some(held) = self.tokens.remove(&(from, token)) {
                    let (to, conversation) = (held.asker, Some(held.conversation));
                    let message = Message::new(from, to, conversation, frame, Route::Response(held.id));
                    self.queue.push_back(message);
                }
            }
            Outbound::Evaluate(task) => self.input(from, Input::Evaluated(task.run())),
            Outbound::Gossip { circle, frame } => {
                let mut audience = self.peers_of(from);
                audience.retain(|to| !self.talks_with_twin(&from, to));
                for to in audience {
                    let message = Message::new(from, to, None, frame.clone(), Route::Gossip(circle));
                    self.queue.push_back(message);
                }
            }
            Outbound::Reply { id, reply } => {
                self.replies.insert((from, id), reply);
            }
            Outbound::Members(roster) => {
                self.follow_roster(from, &roster);
            }
            Outbound::Notice(notice) => self.notices.entry(from).or_default().push(notice),
        }
    }

    /// Drops what is on its way from and to a process that has ended, and what it was asked: whoever waits is told.
    /// Another process has other connections, so what was meant for the old one does not reach it.
    pub(super) fn forget_messages(&mut self, oin: Oin) {
        let of_it = |message: &Message| message.from == oin || message.to == oin;
        let (mut lost, kept): (Vec<Message>, Vec<Message>) = self.queue.drain(..).partition(of_it);
        self.queue = kept.into();
        let (later, kept): (Vec<_>, Vec<_>) =
            self.later.drain(..).partition(|(_, later)| of_it(later.message()));
        self.later = kept;
        lost.extend(later.into_iter().map(|(_, later)| match later {
            Later::Arrives(message) | Later::Fails(message) => message,
        }));
        for message in &lost {
            self.lose(message);
        }
        self.tokens.retain(|_, held| held.asker != oin);
        self.fail_each(|holder, _| *holder == oin);
    }

    /// A connection is closed: whoever waits for an answer over it is told.
    pub(super) fn fail_held(&mut self, one: Oin, other: Oin) {
        self.fail_each(|holder, held| {
            (*holder, held.asker) == (one, other) || (*holder, held.asker) == (other, one)
        });
    }

    /// Whoever asked what some node holds is told that no answer comes.
    fn fail_each(&mut self, is_lost: impl Fn(&Oin, &Held) -> bool) {
        let lost = self.tokens.extract_if(.., |(holder, _), held| is_lost(holder, held));
        let lost: Vec<(Oin, RequestId)> = lost.map(|(_, held)| (held.asker, held.id)).collect();
        for (asker, id) in lost {
            self.input(asker, Input::RequestFailed { id });
        }
    }

    /// Delivers until nothing is on its way.
    ///
    /// # Panics
    /// When that does not come to an end.
    pub(super) fn deliver(&mut self) {
        let mut delivered = 0;
        while let Some(message) = self.queue.pop_front() {
            delivered += 1;
            assert!(delivered < MOST_MESSAGES, "messages chase each other");
            if message.is_judged {
                self.arrive(message);
                continue;
            }
            let message = match self.twist(message) {
                Ok(message) => message,
                Err(unsent) => {
                    self.lose(&unsent);
                    continue;
                }
            };
            if let Some(watcher) = &mut self.watcher {
                watcher(&message);
            }
            match (self.judge)(&message) {
                Fate::Deliver => self.arrive(message),
                Fate::Drop => self.lose(&message),
                Fate::Silent(seconds) => self.happen_in(seconds, Later::Fails(message)),
                Fate::Replace(frame) => self.arrive(Message { frame, ..message }),
                Fate::Twice => {
                    self.arrive(message.clone());
                    self.arrive(message);
                }
                Fate::Behind(others) => {
                    let place = others.min(self.queue.len());
                    self.queue.insert(place, Message { is_judged: true, ..message });
                }
                Fate::Late(seconds) => self.happen_in(seconds, Later::Arrives(message)),
            }
        }
    }

    fn happen_in(&mut self, seconds: u64, later: Later) {
        self.later.push((self.now.plus(seconds), later));
    }

    /// What was put off until now.
    pub(super) fn catch_up(&mut self) {
        let now = self.now;
        let (due, later): (Vec<(Timestamp, Later)>, Vec<_>) =
            std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now);
        self.later = later;
        for (_, later) in due {
            match later {
                Later::Arrives(message) => self.arrive(message),
                Later::Fails(message) => self.lose(&message),
            }
        }
        self.fail_each(|_, held| held.until <= now);
    }

    pub(super) fn arrive(&mut self, message: Message) {
        let is_away = |oin: &Oin| !self.nodes.contains_key(oin);
        if is_away(&message.from)
            || is_away(&message.to)
            || !self.links.are_linked(&message.from, &message.to)
        {
            self.lose(&message);
            return;
        }
        if !self.links.passes(&message.from, &message.to) {
            self.happen_in(PATIENCE_SECONDS, Later::Fails(message));
            return;
        }
        if !self.links.are_connected(&message.from, &message.to) && matches!(message.route, Route::Request(_))
        {
            // It may be looked at; whether it is answered or not, its asker gives up in the end.
            self.happen_in(PATIENCE_SECONDS, Later::Fails(message.clone()));
        }
        let Some(message) = self.overheard(message) else { return };
        let Message { from, to, conversation, frame, route, .. } = message;
        let input = match route {
            Route::Request(id) => {
                let conversation = conversation.expect("requests belong to a conversation");
                self.last_token += 1;
                let token = ResponseToken(self.last_token);
                let until = self.now.plus(ANSWER_SECONDS);
                self.tokens.insert((to, token), Held { asker: from, id, conversation, until });
                Input::Request { from, conversation, token, frame }
            }
            Route::Response(id) => Input::Response { id, frame },
            Route::Gossip(circle) => Input::Gossip { circle, frame },
        };
        if self.is_for_twin(&to, &from, &input) {
            self.input_twin(to, input);
        } else {
            self.input(to, input);
        }
    }

    /// Whoever waits for an answer that will not come is told.
    fn lose(&mut self, message: &Message) {
        match message.route {
            Route::Request(id) => self.input(message.from, Input::RequestFailed { id }),
            Route::Response(id) => self.input(message.to, Input::RequestFailed { id }),
            Route::Gossip(_) => {}
        }
    }
}
