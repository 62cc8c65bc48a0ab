//! Hearing: before it signs anything for an own feed after a start, a node asks the readers of that feed for the
//! newest header and head that they hold of it.
//!
//! A data folder can be older than what its node has said: it was restored from a backup, which holds no feeds, or a
//! snapshot of the machine was put back. A second header with a number that readers know would prove a fork. Every
//! answer carries this node's own signature, so a reader can keep something back but invent nothing.
//!
//! A key that was replaced may be in other hands: what is signed with it raises no number far, because nobody refuses a
//! feed any more that goes on below.
//!
//! Nobody can hear what only an absent reader holds. That reader refuses what is signed afterwards, until it connects:
//! then it is asked too, and the feed goes on above that as well. Nothing waits for it.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Document, Signed, Unverified, cbor};
use domain::Oin;
use index::{FeedId, HeadDocument, HeaderDocument, Position};
use minicbor::bytes::ByteVec;

use super::follow::{Part, Wanted};
use super::keeper::{FeedKeeper, OwnFeed};
use super::message::{FeedRequest, FeedResponse, MAX_HEAD_BYTES};
use crate::effects::{Context, Effects};
use crate::{Conversation, HearingStatus, Notice};

/// Readers that must answer before a node signs again, where there are as many.
const READERS_HEARD: usize = 2;

/// Failed or useless answers after which a connected reader is no longer waited for. It is still asked, and counts
/// when it answers.
const PATIENCE: u32 = 3;

/// Questions under way at the same time for one feed.
const UNDER_WAY: usize = 16;

/// Highest sequence number and generation heard of a document that is signed with a key which is no longer in force.
/// More than any feed comes to, and far enough below the highest number there is that whoever stole the key cannot use
/// them up. The same for what a proof tells.
const UNHEARD_OF_SEQUENCE: u64 = 1 << 48;
const UNHEARD_OF_GENERATION: u32 = 1 << 24;

/// What was heard about one own feed since the start.
#[derive(Default)]
pub(crate) struct Hearing {
    failures: BTreeMap<Oin, u32>,
    /// The highest header named so far.
    highest: Option<Position>,
    /// The highest generation named so far.
    generation: u32,
    /// Whether a header was named that this node does not hold, or two histories are proven.
    is_behind: bool,
}

impl Hearing {
    /// Two histories are proven up to here: nobody believes either before everything is published again above them.
    fn takes_proof(&mut self, disputed: Position, own_generation: u32) {
        let is_heard_of =
            disputed.sequence < UNHEARD_OF_SEQUENCE && disputed.generation < UNHEARD_OF_GENERATION;
        if disputed.generation >= own_generation && is_heard_of {
            self.is_behind = true;
            self.generation = self.generation.max(disputed.generation);
            self.highest = higher(self.highest, Some(disputed));
        }
    }
}

impl FeedKeeper {
    /// Asks the connected readers of every own feed that did not tell yet: while it is heard again and again, afterwards
    /// once for each time that they connect.
    pub(super) fn hear(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        if !self.start.hears {
            return;
        }
        for own in self.own.values_mut() {
            let is_heard = own.hearing.is_none();
            let feed = own.publisher.feed();
            let asked: BTreeSet<Oin> = self
                .pending
                .values()
                .filter(|(_, wanted)| *wanted == Wanted::Newest(feed))
                .map(|(reader, _)| *reader)
                .collect();
            let rests = |reader: &Oin| {
                self.resting.get(&(feed, *reader, Part::Newest)).is_some_and(|until| cx.now < *until)
            };
            let was_asked = |reader: &Oin| {
                own.heard.contains(reader) || asked.contains(reader) || is_heard && own.asked.contains(reader)
            };
            let free = cx
                .connected
                .iter()
                .filter(|reader| !was_asked(reader) && !rests(reader) && reads(cx, &feed, reader));
            let free: Vec<Oin> = free.take(UNDER_WAY.saturating_sub(asked.len())).copied().collect();
            for reader in free {
                own.asked.insert(reader);
                let frame = cbor::to_vec(&FeedRequest::Newest { feed });
                let id = fx.request(reader, Conversation::Feed, frame);
                self.pending.insert(id, (reader, Wanted::Newest(feed)));
            }
        }
    }

    /// Takes a reader's answer.
    pub(super) fn heard(
        &mut self,
        cx: &Context<'_>,
        feed: FeedId,
        reader: Oin,
        frame: &[u8],
        fx: &mut Effects<'_>,
    ) {
        let positions = match cbor::from_slice::<FeedResponse>(frame) {
            Ok(FeedResponse::Newest { header, head }) => own_position::<HeaderDocument>(
                cx,
                &feed,
                header.as_ref(),
                |document| (document.network, document.feed),
                |signed| Position::from(signed),
                fx,
            )
            .and_then(|header| {
                let head = own_position::<HeadDocument>(
                    cx,
                    &feed,
                    head.as_ref(),
                    |document| (document.network, document.feed),
                    |signed| Position::from(signed.document()),
                    fx,
                )?;
                Some(header.into_iter().chain(head))
            }),
            // It does not follow the feed, so it cannot say that there is nothing.
            Ok(FeedResponse::Unknown) => None,
            Ok(
                FeedResponse::Heads { .. }
                | FeedResponse::Headers { .. }
                | FeedResponse::Bodies { .. }
                | FeedResponse::Proofs { .. },
            )
            | Err(_) => {
                fx.refused.malformed_frames += 1;
                None
            }
        };
        let Some(positions) = positions else { return self.not_heard(cx, feed, reader) };
        let behind: Vec<(Position, bool)> =
            positions.map(|position| (position, !self.holds_own(&feed, &position))).collect();
        let Some(own) = self.own_feed(&feed) else { return };
        own.heard.insert(reader);
        let mut late = Hearing::default();
        let hearing = own.hearing.as_mut().unwrap_or(&mut late);
        for (position, is_behind) in behind {
            hearing.generation = hearing.generation.max(position.generation);
            hearing.is_behind |= is_behind;
            hearing.highest = higher(hearing.highest, Some(position));
        }
        if own.hearing.is_none() {
            let _went_on = own.go_on(late, cx, fx);
        }
    }

    /// A reader did not tell: it is asked again after a rest.
    pub(super) fn not_heard(&mut self, cx: &Context<'_>, feed: FeedId, reader: Oin) {
        if let Some(hearing) = self.own_feed(&feed).and_then(|own| own.hearing.as_mut()) {
            let failures = hearing.failures.entry(reader).or_default();
            *failures = failures.saturating_add(1);
        }
        self.rest(cx, feed, reader, Part::Newest);
    }

    /// Lets the own feeds speak of which enough was heard. One that is behind goes on under a new generation.
    pub(super) fn conclude_hearing(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let enough: Vec<FeedId> =
            self.hearing(cx).filter(HearingStatus::is_enough).map(|status| status.feed).collect();
        for feed in enough {
            let Some(own) = self.own.get_mut(&feed) else { continue };
            let Some(mut hearing) = own.hearing.take() else { continue };
            if let Some((disputed, _)) = self.proofs.disputed(&feed) {
                hearing.takes_proof(disputed, own.publisher.generation());
            }
            if own.go_on(hearing, cx, fx) {
                own.published_at = None;
            }
        }
    }

    /// Begins anew where two histories have been proven for a heartbeat, as at a start. Most often the reader that holds
    /// the other one has told of it by then. One that tells nothing would leave a node that was put back incomplete for
    /// good; whoever stole the key can prove another at once, and has everything published again once a heartbeat.
    pub(super) fn answer_proofs(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let heartbeat = u64::from(cx.roster.rules().heartbeat_seconds);
        for (feed, own) in self.own.iter_mut().filter(|(_, own)| own.hearing.is_none()) {
            let Some((disputed, since)) = self.proofs.disputed(feed) else { continue };
            if cx.now.since(since) < heartbeat {
                continue;
            }
            let mut hearing = Hearing::default();
            hearing.takes_proof(disputed, own.publisher.generation());
            if own.go_on(hearing, cx, fx) {
                own.published_at = None;
            }
        }
    }

    /// The own feeds for which nothing is signed yet, and what is heard and needed for each.
    pub(crate) fn hearing(&self, cx: &Context<'_>) -> impl Iterator<Item = HearingStatus> {
        let status = |(feed, own): (&FeedId, &OwnFeed)| {
            let hearing = own.hearing.as_ref()?;
            let members = cx.roster.members().iter().map(|member| member.oin);
            let readers: Vec<Oin> = members.filter(|reader| reads(cx, feed, reader)).collect();
            if readers.is_empty() {
                return None;
            }
            // After a restore there is no own header to fall back on, so more than half must agree to what is newest.
            let majority = readers.len() / 2 + 1;
            let some = readers.len().div_ceil(2).min(READERS_HEARD);
            let waits_for = |reader: &&Oin| {
                cx.connected.contains(*reader)
                    && !own.heard.contains(*reader)
                    && hearing.failures.get(*reader).is_none_or(|failures| *failures < PATIENCE)
            };
            Some(HearingStatus {
                feed: *feed,
                heard: readers.iter().filter(|reader| own.heard.contains(*reader)).count(),
                needed: if self.restored { majority } else { some },
                awaited: readers.iter().filter(waits_for).count(),
                restored: self.restored,
            })
        };
        self.own.iter().filter_map(status)
    }

    fn own_feed(&mut self, feed: &FeedId) -> Option<&mut OwnFeed> {
        self.own.get_mut(feed)
    }

    /// Whether this node holds that header of its own feed, or held it once: what is before a full set or a higher
    /// generation is dropped.
    fn holds_own(&self, feed: &FeedId, position: &Position) -> bool {
        let held = self.headers.get(feed).map_or(&[][..], Vec::as_slice);
        let is_over = held.first().is_some_and(|first| {
            position.generation <= first.position.generation && position.sequence < first.position.sequence
        });
        let place = held.binary_search_by_key(&position.sequence, |held| held.position.sequence);
        let same =
            place.ok().and_then(|place| held.get(place)).is_some_and(|held| held.position == *position);
        is_over || same
    }
}

impl OwnFeed {
    /// Goes on above what was heard, when that is more than this node holds. Returns whether it was.
    fn go_on(&mut self, hearing: Hearing, cx: &Context<'_>, fx: &mut Effects<'_>) -> bool {
        let held = self.publisher.newest();
        let Some(highest) = higher(hearing.highest, held).filter(|_| hearing.is_behind) else {
            return false;
        };
        let generation = hearing.generation.max(self.publisher.generation());
        self.publisher.continue_above(Position { generation, ..highest });
        let (publisher, generation) = (cx.identity.oin, self.publisher.generation());
        fx.notice(Notice::FeedContinued { publisher, generation });
        true
    }
}

fn reads(cx: &Context<'_>, feed: &FeedId, reader: &Oin) -> bool {
    cx.roster.publishes_to(&feed.circle, &feed.publisher, reader)
}

/// Of two positions the one with the higher number.
fn higher(a: Option<Position>, b: Option<Position>) -> Option<Position> {
    a.into_iter().chain(b).max_by_key(|position| position.sequence)
}

/// Where a document of the own feed stands; `Some(None)` when none is given or it stands where this node never was,
/// `None` when it is not this node's.
fn own_position<T: Document>(
    cx: &Context<'_>,
    feed: &FeedId,
    wire: Option<&ByteVec>,
    place: impl Fn(&T) -> (domain::NetworkId, FeedId),
    position: impl Fn(&Signed<T>) -> Position,
    fx: &mut Effects<'_>,
) -> Option<Option<Position>> {
    let Some(wire) = wire else { return Some(None) };
    if wire.len() > MAX_HEAD_BYTES {
        fx.refused.malformed_frames += 1;
        return None;
    }
    let signed = fx.verified_own::<T>(cx, wire)?;
    if place(signed.document()) != (cx.roster.network(), *feed) {
        fx.refused.bad_feed_parts += 1;
        return None;
    }
    let position = position(&signed);
    let is_possible = if is_in_force(cx, &signed) {
        position.is_reachable()
    } else {
        position.sequence < UNHEARD_OF_SEQUENCE && position.generation < UNHEARD_OF_GENERATION
    };
    if !is_possible {
        fx.refused.bad_feed_parts += 1;
    }
    Some(is_possible.then_some(position))
}

/// Whether a document is signed with the key that the roster gives this organisation now.
fn is_in_force<T: Document>(cx: &Context<'_>, signed: &Signed<T>) -> bool {
    let key = cx.roster.organisation_key(&cx.identity.oin);
    let again = Unverified::<T>::parse(&signed.to_wire()).ok();
    key.zip(again).is_some_and(|(key, document)| document.verify(&key).is_ok())
}
