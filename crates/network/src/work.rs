//! What an event costs the node, roughly: microseconds on a small machine, of its event loop or of its evaluators.
//!
//! Only the proportions matter. They are those of `samenhang bench` and `cargo bench`, rounded up; a frame that turns
//! out to be rubbish costs less.

use protocol::evaluation::elements_asked;
use protocol::{Conversation, Input};

/// How much of its rate a request takes: elements of an evaluation, else one.
pub(crate) fn amount(conversation: Conversation, frame: &[u8]) -> u32 {
    match conversation {
        Conversation::Evaluation => u32::try_from(elements_asked(frame)).unwrap_or(u32::MAX).max(1),
        Conversation::Ceremony | Conversation::Feed | Conversation::Roster | Conversation::Witness => 1,
    }
}

/// Microseconds for one event.
pub(crate) fn microseconds(input: &Input) -> u64 {
    let of = |bytes: usize, every: usize| u64::try_from(bytes / every).unwrap_or(u64::MAX);
    match input {
        // Evaluate and prove: 80 an element. A signature, and leaves to replay.
        Input::Request { conversation: Conversation::Evaluation, frame, .. } => {
            let elements = u64::try_from(elements_asked(frame)).unwrap_or(u64::MAX);
            80 * elements + 150 + of(frame.len(), 32)
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
        let request = |conversation, bytes: Vec<u8>| {
            let (from, token) = (Oin::test_number(1).unwrap(), ResponseToken(1));
            microseconds(&Input::Request { from, conversation, token, frame: bytes })
        };
        let batch = |elements: usize| {
            // A leaf and a checkpoint, and the elements.
            let length = |bytes: usize| u16::try_from(bytes).unwrap().to_be_bytes();
            let head = [&[0x82, 1, 0x83, 0x81, 0x58, 230], [1; 230].as_slice(), &[0x59]].concat();
            let rest = [&length(330), [2; 330].as_slice(), &[0x59], &length(elements * 32)].concat();
            [head, rest, vec![3; elements * 32]].concat()
        };
        assert_eq!(request(Conversation::Evaluation, batch(256)), 20_480 + 150 + 273);
        assert_eq!(request(Conversation::Feed, vec![0; 100]), 200);
        assert_eq!(request(Conversation::Ceremony, vec![0; 256 * 1024]), 32_968);
        let amounts: Vec<u32> = [batch(20), batch(0), vec![0; 640]]
            .iter()
            .map(|frame| amount(Conversation::Evaluation, frame))
            .collect();
        assert_eq!(amounts, [20, 1, 1], "leaves are not elements, nor is rubbish");
        assert_eq!(amount(Conversation::Roster, &batch(20)), 1);
    }
}
