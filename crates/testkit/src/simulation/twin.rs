//! Two nodes under one name: how a member signs two histories.

use std::collections::BTreeSet;

use domain::{Oin, Role, Timestamp};
use protocol::{Batch, Command, CommandId, Input, Node, NodeConfig, Outbound, RequestId, Step};

use super::Simulation;
use super::wire::{Message, Route};
use crate::{MemoryDisk, family, person};

/// Requests of a twin have numbers from here on, so that answers find the one that asked.
const TWIN_REQUESTS: u64 = 1 << 62;

/// The second node of a member, from a copy of its disk, with its own part of the others.
pub(super) struct Twin {
    node: Node,
    disk: MemoryDisk,
    side: BTreeSet<Oin>,
}

impl Twin {
    /// Whether an answer is one to a second node's request, by its number.
    pub(super) fn is_meant(input: &Input) -> bool {
        match input {
            Input::Response { id, .. } | Input::RequestFailed { id } => {
                id.0 >= TWIN_REQUESTS && id.0 != u64::MAX
            }
            Input::Tick
            | Input::Connected(_)
            | Input::Disconnected(_)
            | Input::Request { .. }
            | Input::Evaluated(_)
            | Input::Command { .. }
            | Input::Gossip { .. } => false,
        }
    }
}

impl Simulation {
    /// Starts the second node of a member. It does not ask what the first has signed, and knows a family that the
    /// first does not: people of nobody else.
    pub(super) fn fork(&mut self, oin: Oin) {
        let Some(disk) = self.disks.get(&oin).cloned() else { return };
        self.runs += 1;
        let config = NodeConfig { hear_before_signing: false, ..self.founding.config(oin, self.runs) };
        let node = Node::new(config, disk.kept(), &disk, self.clock(oin));
        let others = self.founding.oins().filter(|other| *other != oin);
        let side: BTreeSet<Oin> =
            others.enumerate().filter(|(place, _)| place % 2 == 0).map(|(_, oin)| oin).collect();
        self.twins.insert(oin, Twin { node, disk, side });
        for peer in self.peers_of(oin) {
            self.input_twin(oin, Input::Connected(peer));
        }
        let signal = family("twin", [person(Role::Parent).bsn("990005537")]);
        self.input_twin(oin, Input::Command { id: CommandId(0), command: Command::Import(vec![signal]) });
    }

    /// Whether a member's second node is the one that talks with another.
    pub(super) fn talks_with_twin(&self, member: &Oin, other: &Oin) -> bool {
        self.twins.get(member).is_some_and(|twin| twin.side.contains(other))
    }

    /// What reaches the member is meant for its second node: answers by their number, the rest by who sent it.
    pub(super) fn is_for_twin(&self, to: &Oin, from: &Oin, input: &Input) -> bool {
        match input {
            Input::Response { .. } | Input::RequestFailed { .. } => Twin::is_meant(input),
            Input::Request { .. } | Input::Gossip { .. } => self.talks_with_twin(to, from),
            Input::Tick
            | Input::Connected(_)
            | Input::Disconnected(_)
            | Input::Evaluated(_)
            | Input::Command { .. } => false,
        }
    }

    pub(super) fn input_twin(&mut self, oin: Oin, input: Input) {
        let now: Timestamp = self.clock(oin);
        let Some(twin) = self.twins.get_mut(&oin) else { return };
        let number = |id: RequestId| RequestId(id.0.saturating_sub(TWIN_REQUESTS));
        let input = match input {
            Input::Response { id, frame } => Input::Response { id: number(id), frame },
            Input::RequestFailed { id } => Input::RequestFailed { id: number(id) },
            Input::Tick
            | Input::Connected(_)
            | Input::Disconnected(_)
            | Input::Request { .. }
            | Input::Evaluated(_)
            | Input::Command { .. }
            | Input::Gossip { .. } => input,
        };
        let steps: Vec<Step> = twin.node.handle(input, now);
        let mut outbound = Vec::new();
        for step in steps {
            let mut batch = Batch::default();
            batch.push(step);
            let Ok(said) = batch.commit(&mut twin.disk);
            outbound.extend(said);
        }
        for said in outbound {
            self.dispatch_twin(oin, said);
        }
    }

    fn dispatch_twin(&mut self, from: Oin, said: Outbound) {
        match said {
            Outbound::Request { to, conversation, id, frame } => {
                let route = Route::Request(RequestId(id.0.saturating_add(TWIN_REQUESTS)));
                self.queue.push_back(Message::new(from, to, Some(conversation), frame, route));
            }
            Outbound::Gossip { circle, frame } => {
                let mut audience = self.peers_of(from);
                audience.retain(|to| self.talks_with_twin(&from, to));
                for to in audience {
                    self.queue.push_back(Message::new(from, to, None, frame.clone(), Route::Gossip(circle)));
                }
            }
            Outbound::Evaluate(task) => self.input_twin(from, Input::Evaluated(task.run())),
            Outbound::Respond { .. } => self.dispatch(from, said),
            Outbound::Reply { .. } | Outbound::Members(_) | Outbound::Notice(_) => {}
        }
    }
}
