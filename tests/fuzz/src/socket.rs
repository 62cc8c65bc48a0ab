//! What `control` reads: lines of JSON from clients and from nodes.

use std::fmt::Debug;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use control::{
    CodecError, LineReader, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, Page, Reply, Request, Response, Upload,
    write_line,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Check;

pub(crate) const CHECKS: &[(&str, Check)] =
    &[("request", request), ("upload", upload), ("response", response)];

/// Good inputs, by check: the lines of the golden file.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let golden = include_str!("../../../crates/control/tests/golden/lines.txt");
    let mut inputs = Vec::new();
    let mut check = None;
    for line in golden.lines() {
        check = match line {
            "requests" => Some("request"),
            "uploads" => Some("upload"),
            "responses" => Some("response"),
            _ => check,
        };
        if line.starts_with(['{', '"']) {
            inputs.push((check.expect("lines stand under a title"), format!("{line}\n").into_bytes()));
        }
    }
    inputs
}

/// What is ready at once: nothing here waits for anybody.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("bytes in memory are there at once"),
    }
}

/// The lines of a stream until the first that is refused; each is the same after it was written again.
fn lines<T>(bytes: &[u8], limit: usize) -> Vec<T>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let mut reader = LineReader::new(bytes, limit);
    let mut read = Vec::new();
    loop {
        match ready(reader.next::<T>()) {
            Ok(Some(value)) => {
                let mut line = Vec::new();
                ready(write_line(&mut line, &value)).expect("memory takes everything");
                let again = ready(LineReader::new(line.as_slice(), usize::MAX).next::<T>());
                assert_eq!(again.expect("what is written is read").as_ref(), Some(&value));
                read.push(value);
            }
            Ok(None) => return read,
            Err(error) => {
                if let CodecError::Malformed { what } = &error {
                    assert!(what.len() < 80 && !what.contains("Zonneveld"), "repeats what it read: {what}");
                }
                return read;
            }
        }
    }
}

fn request(bytes: &[u8]) -> bool {
    let requests = lines::<Request>(bytes, MAX_REQUEST_BYTES);
    for request in &requests {
        if let Request::Backup { key } = request {
            let _bytes = key.reveal();
            assert_eq!(format!("{key:?}"), "SealingKey(redacted)");
        }
    }
    !requests.is_empty()
}

fn upload(bytes: &[u8]) -> bool {
    let uploads = lines::<Upload>(bytes, MAX_REQUEST_BYTES);
    for upload in &uploads {
        if let Upload::Text(_) = upload {
            assert_eq!(format!("{upload:?}"), "Text(redacted)");
        }
    }
    !uploads.is_empty()
}

fn response(bytes: &[u8]) -> bool {
    let responses = lines::<Response>(bytes, MAX_RESPONSE_BYTES);
    for response in &responses {
        if let Response::Page(Page::Backup(sealed)) = response {
            let _bytes = sealed.bytes();
        }
        if let Response::Reply(Reply::Status(status)) = response {
            let _shown = format!("{status:?}");
        }
    }
    !responses.is_empty()
}
