//! What can happen to a node: the input of its state machine.

use domain::{CircleId, Oin};

use crate::evaluation::EvaluationDone;
use crate::{Command, Conversation};

/// Names an own request until its response arrives or it fails. Unique within one run of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names a peer's request until it is answered. Given out by the network, unique within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResponseToken(pub u64);

/// Names a command of the own organisation until it is replied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

/// Something that happened outside the machine. `from` is always the member that the transport authenticated.
#[derive(Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// A member is reachable.
    Connected(Oin),
    /// A member is no longer reachable.
    Disconnected(Oin),
    /// A member asks something.
    Request {
        /// Who asks.
        from: Oin,
        /// In which conversation.
        conversation: Conversation,
        /// Where the answer goes.
        token: ResponseToken,
        /// The opaque frame, already bounded.
        frame: Vec<u8>,
    },
    /// A member answered an own request.
    Response {
        /// The request answered.
        id: RequestId,
        /// The opaque frame, already bounded.
        frame: Vec<u8>,
    },
    /// An own request got no answer: time-out, lost connection, or refused protocol.
    RequestFailed {
        /// The request that failed.
        id: RequestId,
    },
    /// What [`Outbound::Evaluate`](crate::Outbound::Evaluate) asked for.
    Evaluated(EvaluationDone),
    /// The own organisation wants something.
    Command {
        /// Names the command in the reply.
        id: CommandId,
        /// What is wanted.
        command: Command,
    },
    /// A frame arrived by gossip in a circle's topic.
    Gossip {
        /// The circle whose topic carried it.
        circle: CircleId,
        /// The opaque frame, already bounded.
        frame: Vec<u8>,
    },
}
