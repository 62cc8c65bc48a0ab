//! What `network` reads: frames with their length in front, bounded before they are read.

use protocol::Conversation;

use super::Check;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("ceremony-request", |bytes| frame(Conversation::Ceremony, false, bytes)),
    ("ceremony-response", |bytes| frame(Conversation::Ceremony, true, bytes)),
    ("evaluation-request", |bytes| frame(Conversation::Evaluation, false, bytes)),
    ("evaluation-response", |bytes| frame(Conversation::Evaluation, true, bytes)),
    ("feed-request", |bytes| frame(Conversation::Feed, false, bytes)),
    ("feed-response", |bytes| frame(Conversation::Feed, true, bytes)),
    ("roster-request", |bytes| frame(Conversation::Roster, false, bytes)),
    ("roster-response", |bytes| frame(Conversation::Roster, true, bytes)),
    ("witness-request", |bytes| frame(Conversation::Witness, false, bytes)),
    ("witness-response", |bytes| frame(Conversation::Witness, true, bytes)),
];

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let of = |length: u32| [length.to_be_bytes().as_slice(), &vec![5; length as usize]].concat();
    let mut inputs: Vec<(&str, Vec<u8>)> = CHECKS.iter().map(|(name, _)| (*name, of(16))).collect();
    inputs.extend([("roster-request", of(64)), ("roster-request", of(65)), ("feed-request", of(1_024))]);
    inputs.extend([
        ("evaluation-request", vec![]),
        ("feed-response", vec![0xff; 4]),
        ("feed-request", of(0)),
    ]);
    inputs
}

fn frame(conversation: Conversation, is_response: bool, bytes: &[u8]) -> bool {
    let longest =
        if is_response { conversation.max_response_bytes() } else { conversation.max_request_bytes() };
    let announced = bytes.split_first_chunk::<4>().map(|(length, rest)| {
        let length = usize::try_from(u32::from_be_bytes(*length)).expect("32 bits fit");
        (length, rest.get(..length))
    });
    let expected = match announced {
        Some((length, Some(frame))) if length <= longest => Some(frame),
        _ => None,
    };
    let read = network::read_frame(conversation, is_response, bytes);
    assert_eq!(read.as_deref().ok(), expected);
    read.is_ok()
}
