//! Durable first, then speak, by type.
//!
//! A [`Step`] holds what a transition wants to keep (`writes`) and what it wants to say (`outbound`). Its parts are
//! private: the only way to the outbound is [`Batch::commit`], which first hands all writes to a [`Durable`] and
//! returns nothing when that fails.

use std::fmt;

use ::roster::VerifiedRoster;
use domain::{CircleId, Epoch, Oin};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::evaluation::EvaluationTask;
use crate::{CommandId, Conversation, Notice, Reply, RequestId, ResponseToken};

/// A sort of record. The number is part of the format on disk and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Collection {
    /// Own signals, by family reference.
    Signal = 1,
    /// Evaluated pseudonym keys of own families, by epoch and family reference.
    FamilyKeys = 2,
    /// Complete key sets, by epoch and class.
    KeySet = 3,
    /// Headers of feeds, own and replicated, by organisation, circle, epoch and sequence.
    Header = 4,
    /// Bodies of feeds, own and replicated, by digest.
    Body = 5,
    /// Newest heads, by organisation, circle and epoch.
    Head = 6,
    /// Matches, by family reference and feed.
    Match = 7,
    /// Rosters, by version.
    Roster = 8,
    /// The mark of a restore: one record, there until every own feed went on.
    Restored = 9,
    /// Units of the own organisation told to be involved, by family reference and unit.
    UnitMatch = 10,
    /// Proofs of equivocation, by publisher and circle.
    Proof = 11,
    /// The last epoch that was forgotten: one record.
    Forgotten = 12,
    /// Abandonments of attempts at a key, by epoch, class, keyholders, attempt and signer.
    Abandonment = 13,
    /// Which live tags of an own feed are dummies, by organisation, circle and epoch.
    Dummies = 14,
    /// Decisions about matches, by organisation and family reference.
    Decision = 15,
}

impl Collection {
    /// Every collection, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::Signal,
        Self::FamilyKeys,
        Self::KeySet,
        Self::Header,
        Self::Body,
        Self::Head,
        Self::Match,
        Self::Roster,
        Self::Restored,
        Self::UnitMatch,
        Self::Proof,
        Self::Forgotten,
        Self::Abandonment,
        Self::Dummies,
        Self::Decision,
    ];

    /// The number in the format on disk.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// How long a record may be readable, and with it the key that it lies under on disk. Records of two scopes have
/// nothing in common, not even under the same collection and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Until it is deleted. What was deleted can lie on the disk for a long time, readable with the storage secret.
    Lasting,
    /// Until its epoch is forgotten ([`Write::Forget`]); from then on nobody can read it, whatever else they hold.
    Epoch(Epoch),
}

/// Name of a secret file in `keys/`: `a-z`, `0-9` and `-`, at most 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(String);

impl SecretName {
    /// Checks the characters.
    ///
    /// # Panics
    /// When `name` is empty, too long, or holds another character: names are made by this program only.
    #[must_use]
    pub fn new(name: String) -> Self {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(!name.is_empty() && name.len() <= 64 && name.chars().all(allowed), "secret file name");
        Self(name)
    }

    /// The file name without its ending.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Bytes of a secret on their way to `keys/`. Zeroised on drop, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps the bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes: only for the key store and the code that made them.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// One change of what is on disk.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Put a record, replacing the one under the same key. Putting one into an epoch that was forgotten is a mistake
    /// of the program, and refused with all that is to be kept with it.
    Put {
        /// How long it may be readable.
        scope: Scope,
        /// The sort of record.
        collection: Collection,
        /// Key within the collection and scope.
        key: Vec<u8>,
        /// At most 64 KiB.
        value: Vec<u8>,
    },
    /// Remove a record; removing one that is not there is fine.
    Delete {
        /// The scope that it was put into.
        scope: Scope,
        /// The sort of record.
        collection: Collection,
        /// Key within the collection and scope.
        key: Vec<u8>,
    },
    /// Destroy the data key of an epoch, and with it every record of it. For good: an epoch that was forgotten takes no
    /// record again. Forgetting one twice, or one of which nothing was kept, is fine.
    Forget {
        /// The epoch.
        epoch: Epoch,
    },
    /// Put a secret file into `keys/`.
    PutSecret {
        /// Its name.
        name: SecretName,
        /// Its content, before sealing.
        secret: Secret,
    },
    /// Overwrite, sync and unlink a secret file; destroying one that is not there is fine.
    DestroySecret {
        /// Its name.
        name: SecretName,
    },
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { scope, collection, value, .. } => {
                write!(f, "Put({scope:?}, {collection:?}, {} bytes)", value.len())
            }
            Self::Delete { scope, collection, .. } => write!(f, "Delete({scope:?}, {collection:?})"),
            Self::Forget { epoch } => write!(f, "Forget({epoch})"),
            Self::PutSecret { name, .. } => write!(f, "PutSecret({})", name.as_str()),
            Self::DestroySecret { name } => write!(f, "DestroySecret({})", name.as_str()),
        }
    }
}

/// Something a node says once the Step that says it is on disk.
#[derive(Debug)]
pub enum Outbound {
    /// Ask a member.
    Request {
        /// Whom.
        to: Oin,
        /// In which conversation.
        conversation: Conversation,
        /// Names the request in the response.
        id: RequestId,
        /// The opaque frame.
        frame: Vec<u8>,
    },
    /// Answer a member's request.
    Respond {
        /// The request answered.
        token: ResponseToken,
        /// The opaque frame.
        frame: Vec<u8>,
    },
    /// Evaluate, and give the result back as [`Input::Evaluated`](crate::Input::Evaluated).
    Evaluate(Box<EvaluationTask>),
    /// Tell everyone in a circle.
    Gossip {
        /// The circle whose topic carries it.
        circle: CircleId,
        /// The opaque frame.
        frame: Vec<u8>,
    },
    /// Reply to a command of the own organisation: what it did is durable.
    Reply {
        /// The command.
        id: CommandId,
        /// The reply.
        reply: Reply,
    },
    /// Another roster is in force: from now on its members, and only they, are to be reached.
    Members(Box<VerifiedRoster>),
    /// Tell the own organisation something that it did not ask for.
    Notice(Notice),
}

/// What one transition keeps and says. Nothing of it happens until it is committed in a [`Batch`].
#[derive(Debug, Default)]
#[must_use = "a Step that is not committed neither happened nor speaks"]
pub struct Step {
    writes: Vec<Write>,
    outbound: Vec<Outbound>,
}

impl Step {
    /// Adds a record to keep until it is deleted.
    pub fn put(&mut self, collection: Collection, key: Vec<u8>, value: Vec<u8>) {
        self.put_in(Scope::Lasting, collection, key, value);
    }

    /// Adds a record to keep as long as its scope lasts.
    pub fn put_in(&mut self, scope: Scope, collection: Collection, key: Vec<u8>, value: Vec<u8>) {
        self.writes.push(Write::Put { scope, collection, key, value });
    }

    /// Adds any other change of what is on disk.
    pub fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Adds something to say.
    pub fn say(&mut self, outbound: Outbound) {
        self.outbound.push(outbound);
    }

    /// Appends another Step behind this one.
    pub fn append(&mut self, mut other: Self) {
        self.writes.append(&mut other.writes);
        self.outbound.append(&mut other.outbound);
    }

    /// Number of changes on disk.
    #[must_use]
    pub fn writes_len(&self) -> usize {
        self.writes.len()
    }

    /// Whether it neither keeps nor says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.outbound.is_empty()
    }
}

/// Makes writes durable, all or none: the sled store, and the crashing store of the simulations.
pub trait Durable {
    /// Why writes could not be made durable.
    type Error;

    /// Returns only after everything in `writes` would survive the loss of power.
    ///
    /// # Errors
    /// Whatever kept the writes from the disk; then none of them may be relied on.
    fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Self::Error>;
}

/// Whole Steps in order, made durable together.
#[derive(Debug, Default)]
#[must_use = "a Batch that is not committed neither happened nor speaks"]
pub struct Batch {
    merged: Step,
}

impl Batch {
    /// Appends a Step.
    pub fn push(&mut self, step: Step) {
        self.merged.append(step);
    }

    /// Number of changes on disk.
    #[must_use]
    pub fn writes_len(&self) -> usize {
        self.merged.writes.len()
    }

    /// Makes the writes durable and only then hands out what the Steps say, in order.
    ///
    /// # Errors
    /// When the disk refuses; nothing is said then.
    pub fn commit<D: Durable>(self, disk: &mut D) -> Result<Vec<Outbound>, D::Error> {
        let Step { writes, outbound } = self.merged;
        if !writes.is_empty() {
            disk.make_durable(writes)?;
        }
        Ok(outbound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImportCounts;

    struct Disk {
        broken: bool,
        kept: usize,
    }

    impl Durable for Disk {
        type Error = &'static str;

        fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Self::Error> {
            if self.broken {
                return Err("no space left");
            }
            self.kept += writes.len();
            Ok(())
        }
    }

    fn speaking_step(id: u64) -> Step {
        let mut step = Step::default();
        step.put(Collection::Head, vec![1], vec![2]);
        step.say(Outbound::Reply { id: CommandId(id), reply: Reply::Imported(ImportCounts::default()) });
        step
    }

    #[test]
    fn a_batch_speaks_in_order_after_its_writes_are_kept() {
        let mut batch = Batch::default();
        batch.push(speaking_step(1));
        batch.push(speaking_step(2));
        let mut disk = Disk { broken: false, kept: 0 };
        let said = batch.commit(&mut disk).unwrap();
        assert_eq!(disk.kept, 2);
        let order: Vec<u64> = said
            .iter()
            .map(|said| match said {
                Outbound::Reply { id, .. } => id.0,
                Outbound::Request { .. }
                | Outbound::Respond { .. }
                | Outbound::Evaluate(_)
                | Outbound::Gossip { .. }
                | Outbound::Members(_)
                | Outbound::Notice(_) => 0,
            })
            .collect();
        assert_eq!(order, [1, 2]);
    }

    #[test]
    fn a_batch_that_the_disk_refuses_says_nothing() {
        let mut batch = Batch::default();
        batch.push(speaking_step(1));
        assert_eq!(batch.commit(&mut Disk { broken: true, kept: 0 }).unwrap_err(), "no space left");
    }
}
