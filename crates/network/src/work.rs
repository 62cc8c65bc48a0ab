//! What an event costs the node, roughly: microseconds on a small machine, of its event loop or of its evaluators.
//!
//! Only the proportions matter. They are those of `samenhang bench` and `cargo bench`, rounded up; a frame that turns
//! out to be rubbish costs less.

use protocol::{Conversation, Input};

/// Bytes of one blinded element.
const ELEMENT_BYTES: usize = 32;

/// Elements in an evaluation request of so many bytes, at most.
pub(crate) fn elements(frame_bytes: usize) -> u32 {
    u32::try_from(frame_bytes / ELEMENT_BYTES).unwrap_or(u32::MAX).max(1)
}

/// How much of its rate a request takes: elements of an evaluation, else one.
pub(crate) fn amount(conversation: Conversation, frame_bytes: usize) -> u32 {
    match conversation {
        Conversation::Evaluation => elements(frame_bytes),
        Conversation::Ceremony | Conversation::Feed | Conversation::Roster | Conversation::Witness => 1,
    }
}

/// Microseconds for one event.
pub(crate) fn microseconds(input: &Input) -> u64 {
    let of = |bytes: usize, every: usize| u64::try_from(bytes / every).unwrap_or(u64::MAX);
    match input {
        // Evaluate and prove: 80 an element.
        Input::Request { conversation: Conversation::Evaluation, frame, .. } => {
            80 * u64::from(elements(frame.len()))
        }
        // Mostly signatures: 50 for each of at least a hundred bytes, 400 in the middle.
        Input::Request { conversation: Conversation::Ceremony, frame, .. } => 200 + of(frame.len(), 8),
        // Looking up, and copying 64 KiB.
        Input::Request { conversation: Conversation::Feed, .. } => 200,
        // Copying four megabytes.
        Input::Request { conversation: Conversation::Roster, .. } => 2_000,
        // Signatures: one for each checkpoint of a page, about as many bytes as in a ceremony.
        Input::Request { conversation: Conversation::Witness, frame, .. } => 300 + of(frame.len(), 8),
        // A full body of 64 KiB is probed with every own key: 8,000. Proofs take 16 an element of 32 bytes, so less
        // than half of what is said here.
        Input::Response { frame, .. } => 200 + of(frame.len(), 8),
        // A signature.
        Input::Gossip { .. } => 150,
        Input::Tick
        | Input::Connected(_)
        | Input::Disconnected(_)
        | Input::RequestFailed { .. }
        | Input::Evaluated(_)
        | Input::Command { .. } => 50,
    }
}

#[cfg(test)]
mod tests {
    use domain::Oin;
    use protocol::ResponseToken;

    use super::*;

    #[test]
    fn a_full_batch_costs_a_hundred_times_a_question_for_a_feed() {
        let request = |conversation, bytes| {
            let (from, token) = (Oin::test_number(1).unwrap(), ResponseToken(1));
            microseconds(&Input::Request { from, conversation, token, frame: vec![0; bytes] })
        };
        assert_eq!(request(Conversation::Evaluation, 256 * 32 + 60), 20_560);
        assert_eq!(request(Conversation::Feed, 100), 200);
        assert_eq!(request(Conversation::Ceremony, 256 * 1024), 32_968);
        assert_eq!((elements(0), elements(31), elements(64)), (1, 1, 2));
        assert_eq!((amount(Conversation::Evaluation, 640), amount(Conversation::Roster, 640)), (20, 1));
    }
}
