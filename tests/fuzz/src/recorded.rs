//! A small network that ran once, recorded: what travelled, and what a node kept.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;

use crypto::{Unverified, cbor};
use domain::{FamilyRef, Role, Timestamp};
use index::{HeadDocument, HeaderDocument};
use protocol::feed::FeedResponse;
use protocol::{Command, Conversation, DecisionWanted, Judgement, Reply};
use roster::SignedRoster;
use testkit::{Fate, Founding, MemoryDisk, Simulation, family, person};

/// Members of the recorded network. The first three hold keys, two suffice.
pub(crate) const MEMBERS: usize = 4;

/// Frames longer than this are left out: they are rosters, which other targets look at.
const LONGEST_FRAME: usize = 2_048;

/// One message that travelled.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The conversation; gossip belongs to none.
    pub(crate) conversation: Option<Conversation>,
    /// Whether it answered a request.
    pub(crate) is_response: bool,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// The recording.
pub(crate) struct Recorded {
    /// The network.
    pub(crate) founding: Founding,
    /// When the recording ended.
    pub(crate) now: Timestamp,
    /// What travelled: at most sixteen messages of each sort.
    pub(crate) frames: Vec<Frame>,
    /// Versions of the roster after the first: a longer heartbeat, the next epoch at once, the last member gone; and one that
    /// contradicts the second.
    pub(crate) rosters: Vec<SignedRoster>,
    /// What members kept, the first member first.
    pub(crate) disks: Vec<MemoryDisk>,
}

impl Recorded {
    /// The heads that travelled by gossip.
    pub(crate) fn heads(&self) -> Vec<HeadDocument> {
        let gossip = self.frames.iter().filter(|frame| frame.conversation.is_none());
        let heads = gossip.filter_map(|frame| Unverified::<HeadDocument>::parse(&frame.bytes).ok());
        heads.map(|head| head.claimed().clone()).collect()
    }

    /// The headers in answers.
    pub(crate) fn headers(&self) -> Vec<HeaderDocument> {
        let mut found = Vec::new();
        for frame in &self.frames {
            if let Ok(FeedResponse::Headers { headers }) = cbor::from_slice::<FeedResponse>(&frame.bytes) {
                let parsed = headers.iter().filter_map(|wire| Unverified::<HeaderDocument>::parse(wire).ok());
                found.extend(parsed.map(|header| header.claimed().clone()));
            }
        }
        found
    }
}

/// Two families that have a person in common, by number of the member.
pub(crate) fn registered(member: usize) -> Command {
    let parent =
        person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12");
    let child = person(Role::Child).bsn("123456782").name("Bram", "Zonneveld").born("2015-01-31");
    Command::Import(vec![family(&format!("G-{member}"), [parent, child])])
}

/// The recording, made once in a process: everything in it follows from fixed seeds.
pub(crate) fn recorded() -> &'static Recorded {
    static RECORDED: OnceLock<Recorded> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let founding = Founding::uniform(MEMBERS);
        let mut net = Simulation::new(founding.clone());
        let frames: Rc<RefCell<Vec<Frame>>> = Rc::default();
        let seen = Rc::clone(&frames);
        net.judge(move |message| {
            let frame = Frame {
                conversation: message.conversation,
                is_response: message.is_response,
                bytes: message.frame.clone(),
            };
            let mut seen = seen.borrow_mut();
            let alike = |held: &&Frame| {
                held.conversation == frame.conversation && held.is_response == frame.is_response
            };
            let is_new = seen.iter().all(|held| held.bytes != frame.bytes);
            if is_new && frame.bytes.len() <= LONGEST_FRAME && seen.iter().filter(alike).count() < 16 {
                seen.push(frame);
            }
            Fate::Deliver
        });
        for member in [1, 4] {
            net.command(Founding::oin(member), registered(member));
        }
        net.settle();
        net.seconds(5);
        let family = FamilyRef::new("G-1").expect("a reference");
        let (organisation, judgement) = (Founding::oin(4), Judgement::Same);
        let wanted = DecisionWanted { family, organisation, judgement, unit: None, although_certain: false };
        let reply = net.command(Founding::oin(1), Command::Decide(wanted));
        assert!(matches!(reply, Reply::Decided(Ok(_))), "{reply:?}");
        let now = net.now();
        let disks = founding.oins().map(|oin| net.disk(oin).clone()).collect();
        drop(net);
        let rosters = rosters(&founding, now);
        let frames = Rc::try_unwrap(frames).expect("the network is gone").into_inner();
        Recorded { founding, now, frames, rosters, disks }
    })
}

fn rosters(founding: &Founding, now: Timestamp) -> Vec<SignedRoster> {
    let mut held = founding.roster.clone();
    let mut signed = Vec::new();
    for version in 2..=4 {
        let next = founding.next(&held, |content| {
            content.rules.heartbeat_seconds += 1;
            if version > 2 {
                content.rules.epoch.anchor_epoch = 2;
                content.rules.epoch.anchor_time = now.0;
            }
            if version > 3 {
                content.members.retain(|member| member.oin != Founding::oin(MEMBERS));
            }
        });
        held = held.successor(&next).expect("the governor signed it");
        signed.push(next);
    }
    signed.push(founding.next(&founding.roster, |content| content.name.push('2')));
    signed
}
