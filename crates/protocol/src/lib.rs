//! One folder per conversation, each a message and a machine; the node routes input and time to them and returns
//! Steps.
//!
//! Nothing here reads a clock, draws randomness, opens a socket or touches a disk: [`Input`] and time come in,
//! [`Step`] goes out. What a Step wants to say is released only by [`Batch::commit`], after what it wants to keep
//! has been made durable.

mod conversation;
mod input;
mod step;

pub use conversation::Conversation;
pub use input::{CommandId, Input, RequestId, ResponseToken};
pub use step::{Batch, Collection, Durable, Outbound, Secret, SecretName, Step, Write};
