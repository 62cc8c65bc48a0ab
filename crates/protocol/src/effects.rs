//! What the machines share: who this node is, what it knows of the world, and where their effects go.

use std::collections::{BTreeMap, BTreeSet};

use audit::{ActorRole, Event};
use crypto::{Document, Signed, SigningKey, Unverified};
use domain::{Oin, Timestamp};
use roster::{LogGeneration, RosterChain, VerifiedRoster};

use crate::epochs::Epochs;
use crate::log::{Happening, MainLog, Recorded};
use crate::step::{Addressee, MakeFrame, Quotation};
use crate::witness::{LogKind, LogNow, StoredHashes};
use crate::{
    Collection, Conversation, Notice, Outbound, Refused, RequestId, ResponseToken, Scope, Step, Write,
};

/// A Step that holds this many writes is closed at the next cut; well under the writer's 200.
const WRITES_PER_STEP: usize = 100;

/// Where records lie, in order.
pub(crate) type Records = Vec<(Scope, Collection, Vec<u8>)>;

/// The organisation that this node speaks for.
pub(crate) struct Identity {
    pub(crate) oin: Oin,
    pub(crate) key: SigningKey,
    /// Signs the checkpoints of its logs.
    pub(crate) log_key: SigningKey,
    /// Cosigns those of others.
    pub(crate) cosignature_key: SigningKey,
}

/// The world as every machine may see it during one transition.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) epochs: &'a Epochs,
    /// Whether the clocks of others bear out that it is `now`; nothing is destroyed because of the time before they do.
    pub(crate) clock_agrees: bool,
    pub(crate) identity: &'a Identity,
    pub(crate) chain: &'a RosterChain,
    pub(crate) roster: &'a VerifiedRoster,
    pub(crate) connected: &'a BTreeSet<Oin>,
}

/// Own requests under way, so that a response finds the machine that asked.
#[derive(Default)]
pub(crate) struct Requests {
    last: u64,
    under_way: BTreeMap<RequestId, (Conversation, Oin)>,
}

impl Requests {
    /// The conversation of a request under way.
    pub(crate) fn conversation(&self, id: RequestId) -> Option<Conversation> {
        self.under_way.get(&id).map(|(conversation, _)| *conversation)
    }
}

/// Collects the Steps of one transition.
pub(crate) struct Effects<'a> {
    steps: Vec<Step>,
    current: Step,
    log: &'a mut MainLog,
    /// Whether the log grew since its head was written.
    log_grew: bool,
    now: Timestamp,
    role: ActorRole,
    requests: &'a mut Requests,
    pub(crate) refused: &'a mut Refused,
}

impl<'a> Effects<'a> {
    pub(crate) fn new(
        requests: &'a mut Requests,
        refused: &'a mut Refused,
        log: &'a mut MainLog,
        (now, role): (Timestamp, ActorRole),
    ) -> Self {
        let (steps, current) = (Vec::new(), Step::default());
        Self { steps, current, log, log_grew: false, now, role, requests, refused }
    }

    /// Logs something with what it belongs to: nothing is cut in between.
    pub(crate) fn record(&mut self, happening: Happening<'_>) -> Recorded {
        let (recorded, writes) = self.log.append(self.now, self.role, happening);
        for write in writes {
            self.current.write(write);
        }
        self.log_grew = true;
        recorded
    }

    /// The main log with everything that was logged so far: on disk as soon as the present Step is.
    pub(crate) fn log_now(&self) -> LogNow {
        let (size, root) = self.log.now();
        LogNow { kind: LogKind::Main, size, root, hashes: StoredHashes::MAIN }
    }

    /// The generation of the main log.
    pub(crate) fn log_generation(&self) -> u32 {
        self.log.generation()
    }

    /// Lets the main log go on as a generation that governors approved. Its first entry says what was lost.
    pub(crate) fn begin_log_generation(&mut self, approved: &LogGeneration) {
        let LogGeneration { generation, size, root, .. } = *approved;
        self.log.begin_generation(generation);
        self.record(Happening::new(Event::LogGeneration { generation, size, root }));
    }

    /// Makes unreadable what was logged so long ago that nobody is to read it any more, and logs that.
    pub(crate) fn forget_old_entries(&mut self) {
        while let Some(month) = self.log.forget_month(self.now) {
            self.forget(Scope::Month(month));
            self.record(Happening::new(Event::erasure(month)));
            self.cut();
        }
    }

    /// Marks a place where one unit of work ends; a large Step is closed here.
    pub(crate) fn cut(&mut self) {
        if self.current.writes_len() >= WRITES_PER_STEP {
            self.close();
        }
    }

    /// Closes a Step, with the head of the log when that grew in it.
    fn close(&mut self) {
        if std::mem::take(&mut self.log_grew) {
            self.current.write(self.log.head());
        }
        if !self.current.is_empty() {
            self.steps.push(std::mem::take(&mut self.current));
        }
    }

    pub(crate) fn put(&mut self, collection: Collection, key: Vec<u8>, value: Vec<u8>) {
        self.current.put(collection, key, value);
    }

    pub(crate) fn delete(&mut self, collection: Collection, key: Vec<u8>) {
        self.delete_in(Scope::Lasting, collection, key);
    }

    /// A record that is readable no longer than its scope lasts.
    pub(crate) fn put_in(&mut self, scope: Scope, collection: Collection, key: Vec<u8>, value: Vec<u8>) {
        self.current.put_in(scope, collection, key, value);
    }

    pub(crate) fn delete_in(&mut self, scope: Scope, collection: Collection, key: Vec<u8>) {
        self.current.write(Write::Delete { scope, collection, key });
    }

    /// Destroys every record of an epoch or a month, for good.
    pub(crate) fn forget(&mut self, scope: Scope) {
        self.current.write(Write::Forget { scope });
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.current.write(write);
    }

    pub(crate) fn request(&mut self, to: Oin, conversation: Conversation, frame: Vec<u8>) -> RequestId {
        let id = self.begin_request(to, conversation);
        self.current.say(Outbound::Request { to, conversation, id, frame });
        id
    }

    fn begin_request(&mut self, to: Oin, conversation: Conversation) -> RequestId {
        self.requests.last += 1;
        let id = RequestId(self.requests.last);
        self.requests.under_way.insert(id, (conversation, to));
        id
    }

    /// Takes an own request off the list; `None` for one that is not under way.
    pub(crate) fn finish(&mut self, id: RequestId) -> Option<(Conversation, Oin)> {
        self.requests.under_way.remove(&id)
    }

    pub(crate) fn respond(&mut self, token: ResponseToken, frame: Vec<u8>) {
        self.current.say(Outbound::Respond { token, frame });
    }

    /// An answer made of records, in the state in which this Step leaves them.
    pub(crate) fn respond_quoting(
        &mut self,
        token: ResponseToken,
        records: Records,
        most_bytes: usize,
        frame: MakeFrame,
    ) {
        self.current.quote(Quotation { addressee: Addressee::Asker(token), records, most_bytes, frame });
    }

    /// A request made of records, in the state in which this Step leaves them.
    pub(crate) fn request_quoting(
        &mut self,
        to: Oin,
        conversation: Conversation,
        records: Records,
        frame: MakeFrame,
    ) -> RequestId {
        let id = self.begin_request(to, conversation);
        let addressee = Addressee::Member { to, conversation, id };
        let most_bytes = conversation.max_request_bytes();
        self.current.quote(Quotation { addressee, records, most_bytes, frame });
        id
    }

    pub(crate) fn say(&mut self, outbound: Outbound) {
        self.current.say(outbound);
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.current.say(Outbound::Notice(notice));
    }

    /// Reads a signed document and verifies it against the key of the member that it claims as signer. Anything
    /// else is counted and gone.
    pub(crate) fn verified<T: Document>(
        &mut self,
        roster: &VerifiedRoster,
        wire: &[u8],
        signer: impl FnOnce(&T) -> Oin,
    ) -> Option<Signed<T>> {
        let Ok(unverified) = Unverified::<T>::parse(wire) else {
            self.refused.malformed_frames += 1;
            return None;
        };
        let key = roster.organisation_key(&signer(unverified.claimed()));
        let verified = key.and_then(|key| unverified.verify(&key).ok());
        if verified.is_none() {
            self.refused.bad_signatures += 1;
        }
        verified
    }

    /// Reads a document that this organisation signed itself, be it with a key that was replaced since. Nobody else's
    /// document is good under an older key.
    pub(crate) fn verified_own<T: Document>(&mut self, cx: &Context<'_>, wire: &[u8]) -> Option<Signed<T>> {
        if Unverified::<T>::parse(wire).is_err() {
            self.refused.malformed_frames += 1;
            return None;
        }
        let verified = signed_by_own(cx, wire);
        if verified.is_none() {
            self.refused.bad_signatures += 1;
        }
        verified
    }

    /// The Steps, in order; none of them empty.
    pub(crate) fn into_steps(mut self) -> Vec<Step> {
        self.close();
        self.steps
    }
}

/// A document under any key that this organisation has had.
pub(crate) fn signed_by_own<T: Document>(cx: &Context<'_>, wire: &[u8]) -> Option<Signed<T>> {
    let mut keys = cx.chain.keys_ever(&cx.identity.oin);
    keys.find_map(|key| Unverified::<T>::parse(wire).ok()?.verify(&key).ok())
}
