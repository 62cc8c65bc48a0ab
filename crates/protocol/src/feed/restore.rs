//! Taking feeds back from disk after a start, in the order in which they were made. Bodies are read one by one, each when
//! its header needs it: all at once they take as much memory as the tags that they add up to.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, Signed, Unverified};
use domain::Oin;
use index::{Body, Dummies, FeedId, HeadDocument, HeaderDocument, HeaderOutcome, Restored};
use roster::VerifiedRoster;

use super::keeper::{BodyId, FeedKeeper};
use super::publish::header_key;
use crate::effects::{Context, signed_by_own};
use crate::{Bodies, Collection};

impl FeedKeeper {
    /// Takes back headers (by feed and sequence) with their bodies, and heads. What does not verify is left out; what a
    /// stop in the middle of forgetting left behind is noted to be swept.
    pub(crate) fn restore(
        &mut self,
        cx: &Context<'_>,
        bodies: &impl Bodies,
        headers: &[Vec<u8>],
        heads: &[Vec<u8>],
    ) {
        // Also of documents that do not verify under this roster: another may know their signer.
        let mut named: BTreeMap<BodyId, usize> = BTreeMap::new();
        // Own feeds whose newest header is signed with a key that was replaced: nobody can verify it any more.
        let mut replaced_key: BTreeSet<FeedId> = BTreeSet::new();
        self.torn.clear();
        let mut unverified_headers: Vec<(FeedId, u64, Digest)> = Vec::new();
        let mut parsed = headers
            .iter()
            .filter_map(|wire| Some((wire, Unverified::<HeaderDocument>::parse(wire).ok()?)))
            .peekable();
        while let Some(first) = parsed.next() {
            let feed = first.1.claimed().feed;
            let mut of_feed = vec![first];
            of_feed.extend(std::iter::from_fn(|| parsed.next_if(|(_, next)| next.claimed().feed == feed)));
            for kept in verify_headers(cx, of_feed) {
                let (sequence, body) = (kept.sequence, kept.body);
                *named.entry((feed.epoch, body)).or_default() += 1;
                let header = if feed.publisher == cx.identity.oin {
                    match &kept.verified {
                        Some(_) => replaced_key.remove(&feed),
                        None => replaced_key.insert(feed),
                    };
                    kept.verified.or_else(|| signed_by_own(cx, kept.wire))
                } else {
                    kept.verified
                };
                let Some(header) = header else {
                    unverified_headers.push((feed, sequence, body));
                    continue;
                };
                if !self.restore_header(cx, &header, bodies) {
                    self.leave_over(&feed, sequence);
                    forget_name(&mut named, &(feed.epoch, body));
                }
            }
        }
        self.leave_over_generations(&mut named);
        for (feed, sequence, body) in unverified_headers {
            // Its publisher goes on under another key: nobody will verify this one again.
            if self.headers.get(&feed).is_some_and(|held| !held.is_empty()) {
                self.leave_over(&feed, sequence);
                forget_name(&mut named, &(feed.epoch, body));
            }
        }
        // Only now: what is on disk stays there until something takes its place.
        let torn = std::mem::take(&mut self.torn);
        for (feed, own) in &mut self.own {
            if replaced_key.contains(feed) || torn.contains(feed) {
                own.publisher.continue_above_restored();
            }
        }
        self.restore_heads(cx, heads);
        named.retain(|_, headers| *headers > 0);
        for (epoch, digest) in bodies.names() {
            if let Some(body) = self.bodies.get_mut(&(epoch, digest)) {
                body.is_kept = true;
            }
            if !named.contains_key(&(epoch, digest)) {
                self.leftovers.push((epoch, Collection::Body, digest.as_bytes().to_vec()));
            }
        }
    }

    /// Whether the header has its place in a feed of this node, or belongs to a feed that is none of its business now.
    fn restore_header(
        &mut self,
        cx: &Context<'_>,
        header: &Signed<HeaderDocument>,
        bodies: &impl Bodies,
    ) -> bool {
        let feed = header.document().feed;
        let body = |digest: Digest| {
            let bytes = bodies.body(feed.epoch, &digest).filter(|bytes| Body::digest_of(bytes) == digest)?;
            Body::from_bytes(&bytes).ok()
        };
        if feed.publisher == cx.identity.oin {
            let own = self.own.get_mut(&feed);
            if let (Some(own), Some(body)) = (own, body(header.document().body)) {
                match own.publisher.restore(header, &body) {
                    Restored::Follows => {}
                    Restored::Whole => {
                        self.torn.remove(&feed);
                    }
                    Restored::Torn => {
                        self.torn.insert(feed);
                    }
                }
                own.published_at = Some(header.document().time);
                // Which of its tags are dummies is not looked at: what a reader has not taken yet may be a family.
                self.marks.published(header.document(), !header.document().is_part());
                self.hold_header(header);
            }
            return true;
        }
        let Some(replica) = self.replicas.get_mut(&feed) else { return true };
        // A clock that was set back is no reason to forget: the publisher is told what is held, and goes on above it.
        match replica.offer_header(header, cx.now.max(header.document().time)) {
            Ok(HeaderOutcome::Next | HeaderOutcome::NewGeneration | HeaderOutcome::FullSet) => {}
            Ok(HeaderOutcome::Known) | Err(_) => return false,
        }
        // One by one: a generation that begins waits for no body of the one before any more.
        while let Some(body) = replica.next_body().and_then(body) {
            if replica.offer_body(&body).is_err() {
                break;
            }
        }
        self.hold_header(header);
        true
    }

    /// Takes back which tags of own feeds are dummies, after the feeds.
    pub(crate) fn restore_dummies(&mut self, records: &[Vec<u8>]) {
        for dummies in records.iter().filter_map(|bytes| Dummies::from_bytes(bytes)) {
            for own in self.own.values_mut() {
                own.publisher.restore_dummies(&dummies);
            }
        }
    }

    fn restore_heads(&mut self, cx: &Context<'_>, heads: &[Vec<u8>]) {
        for wire in heads {
            let unverified = Unverified::<HeadDocument>::parse(wire).ok();
            let Some(head) =
                unverified.and_then(|head| verify(cx.roster, head, |document| document.feed.publisher))
            else {
                continue;
            };
            let feed = head.document().feed;
            if let Some(own) = self.own.get_mut(&feed) {
                own.head = Some(head);
            } else if let Some(replica) = self.replicas.get_mut(&feed) {
                // As with headers: one that is dated in the future by this clock was taken by another.
                let taken_at = cx.now.max(head.document().time);
                // An unfit head is left out like any other record that does not verify.
                let _refused = replica.offer_head(head, taken_at);
            }
        }
    }

    /// Generations that another took the place of have no use in memory, and none on disk.
    fn leave_over_generations(&mut self, named: &mut BTreeMap<BodyId, usize>) {
        let own: BTreeMap<FeedId, u32> =
            self.own.values().map(|own| (own.publisher.feed(), own.publisher.generation())).collect();
        let mut over: BTreeSet<(FeedId, u64)> = BTreeSet::new();
        let mut gone: Vec<BodyId> = Vec::new();
        for (feed, held) in &mut self.headers {
            let replica = self.replicas.get(feed);
            held.retain(|header| {
                let generation = header.position.generation;
                let stays = replica.is_some_and(|replica| replica.holds_generation(generation))
                    || own.get(feed) == Some(&generation);
                if !stays {
                    over.insert((*feed, header.position.sequence));
                    let body = (feed.epoch, header.body);
                    forget_name(named, &body);
                    gone.push(body);
                }
                stays
            });
        }
        for body in gone {
            // Whether the body stays is decided by what is on disk.
            let _is_kept = self.let_go(&body);
        }
        for (feed, sequence) in over {
            self.leave_over(&feed, sequence);
        }
    }

    fn leave_over(&mut self, feed: &FeedId, sequence: u64) {
        self.leftovers.push((feed.epoch, Collection::Header, header_key(feed, sequence)));
    }
}

/// A header as it was kept.
struct KeptHeader<'a> {
    wire: &'a [u8],
    sequence: u64,
    body: Digest,
    /// The document, when its publisher's key vouches for it.
    verified: Option<Signed<HeaderDocument>>,
}

/// Verifies the headers of one feed, newest first: each names the one before it by digest, so one signature vouches for
/// a whole run. Of a header whose successor is missing, or is of another run, its own signature is verified: between two
/// runs the publisher's key may have been replaced.
fn verify_headers<'a>(
    cx: &Context<'_>,
    headers: Vec<(&'a Vec<u8>, Unverified<HeaderDocument>)>,
) -> Vec<KeptHeader<'a>> {
    let mut vouched: Option<(Digest, (u32, u64))> = None;
    let mut kept: Vec<KeptHeader<'a>> = Vec::with_capacity(headers.len());
    for (wire, unverified) in headers.into_iter().rev() {
        let claimed = unverified.claimed();
        let (sequence, body, run) = (claimed.sequence, claimed.body, (claimed.generation, claimed.begins));
        let named = match vouched.take() {
            Some((digest, of)) if of == run => unverified.named_by(&digest),
            Some(_) | None => Err(unverified),
        };
        let verified = match named {
            Ok(header) => Some(header),
            Err(unverified) => verify(cx.roster, unverified, |document| document.feed.publisher),
        };
        let previous = verified.as_ref().and_then(|header| header.document().previous);
        vouched = previous.map(|digest| (digest, run));
        kept.push(KeptHeader { wire, sequence, body, verified });
    }
    kept.reverse();
    kept
}

fn forget_name(named: &mut BTreeMap<BodyId, usize>, body: &BodyId) {
    if let Some(headers) = named.get_mut(body) {
        *headers = headers.saturating_sub(1);
    }
}

/// Verifies a stored document again.
fn verify<T: crypto::Document>(
    roster: &VerifiedRoster,
    unverified: Unverified<T>,
    signer: impl FnOnce(&T) -> Oin,
) -> Option<Signed<T>> {
    let key = roster.organisation_key(&signer(unverified.claimed()))?;
    unverified.verify(&key).ok()
}
