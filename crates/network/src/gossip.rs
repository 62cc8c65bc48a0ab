//! Gossip of heads: one gossipsub topic per circle, signed by the author's node key.

use std::time::Duration;

use domain::{CircleId, NetworkId};
use libp2p::gossipsub::{
    self, AllowAllSubscriptionFilter, IdentTopic, IdentityTransform, MaxCountSubscriptionFilter, Message,
    MessageAuthenticity, MessageId, ValidationMode,
};
use libp2p::identity::Keypair;
use sha2::{Digest, Sha256};

/// Longest gossip frame in bytes. A head is a few hundred; key set digests and proofs of equivocation fit.
pub const MAX_GOSSIP_FRAME_BYTES: usize = 4 * 1024;

/// Longest gossipsub packet: a frame with its signature and topic, or the names of [`MAX_CIRCLES`] topics of about
/// 120 bytes.
const MAX_PACKET_BYTES: usize = 16 * 1024;

/// Circles that one node listens for. A network has a handful.
pub(crate) const MAX_CIRCLES: usize = 100;

/// Frames in a packet: gossipsub sends one in each. A packet is what a member's rate counts.
const FRAMES_PER_PACKET: usize = 1;

/// Packets that wait for one slow member.
const QUEUE_PER_MEMBER: usize = 512;

/// How long an identical frame of one author in one topic is known and not repeated. Long enough for it to have
/// gone everywhere, short enough that an unchanged head can be said again.
const DUPLICATE_MEMORY: Duration = Duration::from_secs(60);

/// Gossipsub as configured here.
pub(crate) type Gossip =
    gossipsub::Behaviour<IdentityTransform, MaxCountSubscriptionFilter<AllowAllSubscriptionFilter>>;

/// Gossipsub for networks of three to fifty nodes and, with the same mesh, a few thousand.
pub(crate) fn behaviour(keypair: Keypair) -> Gossip {
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Strict)
        // Nothing is forwarded before the task has found its author among the members.
        .validate_messages()
        .max_transmit_size(MAX_PACKET_BYTES)
        .max_publish_messages(FRAMES_PER_PACKET)
        .message_id_fn(message_id)
        .duplicate_cache_time(DUPLICATE_MEMORY)
        // The author sends to every listener it is connected to; the mesh carries the frame to the others.
        .flood_publish(true)
        .mesh_outbound_min(2)
        .mesh_n_low(4)
        .mesh_n(6)
        .mesh_n_high(12)
        .heartbeat_initial_delay(Duration::from_secs(1))
        .heartbeat_interval(Duration::from_secs(1))
        .connection_handler_queue_len(QUEUE_PER_MEMBER)
        .build()
        .expect("the constants above satisfy gossipsub's rules");
    let filter = MaxCountSubscriptionFilter {
        filter: AllowAllSubscriptionFilter {},
        max_subscribed_topics: MAX_CIRCLES,
        // One packet may leave and join every topic.
        max_subscriptions_per_request: 2 * MAX_CIRCLES,
    };
    gossipsub::Behaviour::new_with_subscription_filter(MessageAuthenticity::Signed(keypair), config, filter)
        .expect("signed messages fit strict validation")
}

/// The topic for the heads of one circle of one network.
pub(crate) fn topic(network: NetworkId, circle: CircleId) -> IdentTopic {
    IdentTopic::new(format!("/samenhang/{network}/heads/{circle}"))
}

/// Names a message by author, topic and content, so that repetitions collapse. Collision resistant, and the author
/// is part of it: otherwise a member could have another's head taken for a duplicate of its own forgery.
fn message_id(message: &Message) -> MessageId {
    let mut hash = Sha256::new();
    let author = message.source.map(|author| author.to_bytes()).unwrap_or_default();
    for field in [author.as_slice(), message.topic.as_str().as_bytes(), &message.data] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    MessageId::new(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use libp2p::PeerId;

    use super::*;

    #[test]
    fn the_topic_names_network_and_circle() {
        let topic = topic(NetworkId::from_bytes([0xab; 32]), CircleId::from_bytes([1; 16]));
        let expected = format!("/samenhang/{}/heads/{}", "ab".repeat(32), "01".repeat(16));
        assert_eq!(topic.hash().as_str(), expected);
    }

    #[test]
    fn a_repetition_has_the_same_id_and_any_other_message_another() {
        let message = |source: PeerId, sequence: u64, circle: u8, data: &[u8]| Message {
            source: Some(source),
            data: data.to_vec(),
            sequence_number: Some(sequence),
            topic: topic(NetworkId::from_bytes([0; 32]), CircleId::from_bytes([circle; 16])).hash(),
        };
        let (author, other) = (PeerId::random(), PeerId::random());
        let id = message_id(&message(author, 1, 1, b"head"));
        assert_eq!(id, message_id(&message(author, 2, 1, b"head")));
        assert_ne!(id, message_id(&message(other, 1, 1, b"head")));
        assert_ne!(id, message_id(&message(author, 1, 2, b"head")));
        assert_ne!(id, message_id(&message(author, 1, 1, b"tail")));
    }

    #[test]
    fn the_names_of_all_topics_fit_one_packet() {
        let name = topic(NetworkId::from_bytes([0; 32]), CircleId::from_bytes([0; 16])).hash();
        // Protobuf adds at most two tags, two lengths and a flag to each name.
        assert!(MAX_CIRCLES * (name.as_str().len() + 10) < MAX_PACKET_BYTES);
    }
}
