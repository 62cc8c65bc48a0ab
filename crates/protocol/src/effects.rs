//! What the machines share: who this node is, what it knows of the world, and where their effects go.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Document, Signed, SigningKey, Unverified};
use domain::{Epoch, Oin, Timestamp};
use roster::{RosterChain, VerifiedRoster};

use crate::{
    Collection, Conversation, Notice, Outbound, Refused, RequestId, ResponseToken, Scope, Step, Write,
};

/// A Step that holds this many writes is closed at the next cut; well under the writer's 200.
const WRITES_PER_STEP: usize = 100;

/// The organisation that this node speaks for.
pub(crate) struct Identity {
    pub(crate) oin: Oin,
    pub(crate) key: SigningKey,
}

/// The world as every machine may see it during one transition.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) epoch: Epoch,
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
    requests: &'a mut Requests,
    pub(crate) refused: &'a mut Refused,
}

impl<'a> Effects<'a> {
    pub(crate) fn new(requests: &'a mut Requests, refused: &'a mut Refused) -> Self {
        Self { steps: Vec::new(), current: Step::default(), requests, refused }
    }

    /// Marks a place where one unit of work ends; a large Step is closed here.
    pub(crate) fn cut(&mut self) {
        if self.current.writes_len() >= WRITES_PER_STEP {
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
    #[expect(dead_code, reason = "every record lasts so far")]
    pub(crate) fn put_in(&mut self, scope: Scope, collection: Collection, key: Vec<u8>, value: Vec<u8>) {
        self.current.put_in(scope, collection, key, value);
    }

    pub(crate) fn delete_in(&mut self, scope: Scope, collection: Collection, key: Vec<u8>) {
        self.current.write(Write::Delete { scope, collection, key });
    }

    /// Destroys every record of an epoch, for good.
    #[expect(dead_code, reason = "no epoch is forgotten so far")]
    pub(crate) fn forget(&mut self, epoch: Epoch) {
        self.current.write(Write::Forget { epoch });
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.current.write(write);
    }

    pub(crate) fn request(&mut self, to: Oin, conversation: Conversation, frame: Vec<u8>) -> RequestId {
        self.requests.last += 1;
        let id = RequestId(self.requests.last);
        self.requests.under_way.insert(id, (conversation, to));
        self.current.say(Outbound::Request { to, conversation, id, frame });
        id
    }

    /// Takes an own request off the list; `None` for one that is not under way.
    pub(crate) fn finish(&mut self, id: RequestId) -> Option<(Conversation, Oin)> {
        self.requests.under_way.remove(&id)
    }

    pub(crate) fn respond(&mut self, token: ResponseToken, frame: Vec<u8>) {
        self.current.say(Outbound::Respond { token, frame });
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
    pub(crate) fn into_steps(self) -> Vec<Step> {
        let mut steps = self.steps;
        if !self.current.is_empty() {
            steps.push(self.current);
        }
        steps
    }
}

/// A document under any key that this organisation has had.
pub(crate) fn signed_by_own<T: Document>(cx: &Context<'_>, wire: &[u8]) -> Option<Signed<T>> {
    let mut keys = cx.chain.keys_ever(&cx.identity.oin);
    keys.find_map(|key| Unverified::<T>::parse(wire).ok()?.verify(&key).ok())
}
