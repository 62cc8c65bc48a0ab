//! A member's node as its owner has modified it: it goes on with its own chain, signed with its own key, and publishes
//! whatever tags it likes to whoever asks it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crypto::{Signed, SigningKey, Tag, cbor};
use domain::Oin;
use index::{Body, FeedId, HeadDocument, HeaderDocument};
use protocol::feed::{FeedRequest, FeedResponse};
use protocol::{Collection, Conversation};
use testkit::{Fate, Founding, Message, Simulation};

/// What it serves of its feed.
#[derive(Default)]
struct Served {
    headers: Vec<Signed<HeaderDocument>>,
    bodies: BTreeMap<crypto::Digest, Vec<u8>>,
}

pub(super) struct Impostor {
    feed: FeedId,
    reader: Oin,
    key: SigningKey,
    head: HeadDocument,
    served: Rc<RefCell<Served>>,
}

impl Impostor {
    /// Takes the place of a member's node towards one reader; towards everybody else it falls silent.
    pub(super) fn new(net: &mut Simulation, feed: FeedId, reader: Oin) -> Self {
        let key = Founding::organisation_key(feed.publisher);
        let headers = super::own_headers(net, &feed);
        let kept = net.disk(feed.publisher).kept();
        let heads = kept.records.iter().filter(|(collection, ..)| *collection == Collection::Head);
        let head = heads
            .filter_map(|(.., wire)| {
                crypto::Unverified::<HeadDocument>::parse(wire).ok()?.verify(&key.verifying_key()).ok()
            })
            .find(|head| head.document().feed == feed)
            .unwrap();
        let served = Rc::new(RefCell::new(Served { headers, bodies: BTreeMap::new() }));
        let impostor = Self { feed, reader, key, head: head.document().clone(), served };
        impostor.take_place(net);
        impostor
    }

    fn take_place(&self, net: &mut Simulation) {
        let (publisher, reader, served) = (self.feed.publisher, self.reader, Rc::clone(&self.served));
        let mut answers: Vec<FeedResponse> = Vec::new();
        net.judge(move |message: &Message| {
            if message.from == publisher && message.is_response && message.to == reader {
                return match answers.pop() {
                    Some(answer) => Fate::Replace(cbor::to_vec(&answer)),
                    None => Fate::Drop,
                };
            }
            if message.to == publisher
                && message.from == reader
                && message.conversation == Some(Conversation::Feed)
                && !message.is_response
                && let Ok(request) = cbor::from_slice::<FeedRequest>(&message.frame)
                && let Some(answer) = answer(&served.borrow(), request)
            {
                answers.push(answer);
                return Fate::Deliver;
            }
            if message.from == publisher || message.to == publisher { Fate::Drop } else { Fate::Deliver }
        });
    }

    /// Publishes a segment that withdraws and adds these tags, and lets the reader take it.
    pub(super) fn publish(&mut self, net: &mut Simulation, withdrawn: &[Tag], added: &[Tag]) {
        let body = Body::new(added.to_vec(), withdrawn.to_vec()).unwrap();
        let last = self.served.borrow().headers.last().unwrap().clone();
        let mut document = last.document().clone();
        document.sequence += 1;
        document.previous = Some(last.digest());
        document.body = body.digest();
        document.added = u32::try_from(added.len()).unwrap();
        document.withdrawn = u32::try_from(withdrawn.len()).unwrap();
        document.time = net.now();
        let header = Signed::sign(document, &self.key);
        self.head.sequence += 1;
        self.head.header = header.digest();
        self.head.time = net.now();
        let head = Signed::sign(self.head.clone(), &self.key).to_wire();
        let sequence = self.head.sequence;
        {
            let mut served = self.served.borrow_mut();
            served.headers.push(header);
            served.bodies.insert(body.digest(), body.to_bytes());
        }
        net.inject_gossip(self.reader, head);
        let reader = self.reader;
        let key = self.key.verifying_key();
        net.until(20, "the reader has the segment and its body", |net| {
            let kept = net.disk(reader).records();
            let has_header = kept.iter().any(|(collection, _, wire)| {
                *collection == Collection::Header
                    && crypto::Unverified::<HeaderDocument>::parse(wire)
                        .ok()
                        .and_then(|header| header.verify(&key).ok())
                        .is_some_and(|header| header.document().sequence == sequence)
            });
            has_header
                && kept.iter().any(|(collection, _, bytes)| {
                    *collection == Collection::Body && *bytes == body.to_bytes()
                })
        });
    }
}

fn answer(served: &Served, request: FeedRequest) -> Option<FeedResponse> {
    match request {
        FeedRequest::Headers { after, .. } => {
            let newer = served.headers.iter().filter(|header| header.document().sequence > after);
            Some(FeedResponse::Headers { headers: newer.map(|header| header.to_wire().into()).collect() })
        }
        FeedRequest::Bodies { digests, .. } => {
            let bodies: Option<Vec<_>> =
                digests.iter().map(|digest| Some(served.bodies.get(digest)?.clone().into())).collect();
            Some(FeedResponse::Bodies { bodies: bodies? })
        }
        FeedRequest::Heads { .. }
        | FeedRequest::Newest { .. }
        | FeedRequest::Proofs { .. }
        | FeedRequest::Proof { .. } => None,
    }
}
