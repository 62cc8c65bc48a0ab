//! Durable first, then speak, by type.
//!
//! A [`Step`] holds what a transition wants to keep (`writes`) and what it wants to say (`said`). Its parts are
//! private: the only way to what is said is [`Batch::commit`], which first hands all writes to a [`Durable`] and
//! returns nothing when that fails. An answer that quotes what is on disk is made there too: a machine that kept in memory
//! whatever it may be asked for would hold everything twice.

use std::fmt;

use ::roster::VerifiedRoster;
use domain::{CircleId, Epoch, Month, Oin};
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
    /// Entries of the main log, by place.
    LogEntry = 16,
    /// Whom the entries of the main log are about, by place.
    LogDetails = 17,
    /// Hashes of the tree over the main log, by the place of the entry that they were stored with.
    LogHashes = 18,
    /// Where the main log has got to: one record.
    LogHead = 19,
    /// Leaves of the own evaluation log, by place.
    OwnLeaf = 20,
    /// What was asked in them, by place and position.
    AskedInputs = 21,
    /// What the own evaluation log counts: one record.
    OwnLeaves = 22,
    /// Seeds of days as they are sealed for the officers, by digest.
    SealedSeed = 23,
    /// The newest checkpoint that was cosigned of each log of others, by log.
    Witnessed = 24,
    /// Proofs of forks, and challenges that were not answered, by log.
    LogEvidence = 25,
    /// The newest checkpoint of each own log with enough cosignatures.
    CosignedCheckpoint = 26,
    /// That what was witnessed before a restore is forgotten: one record.
    MemoryLost = 27,
    /// How far each own log was signed.
    SignedLog = 28,
    /// What a keyholder holds of members' evaluation logs, by organisation.
    HeldLog = 37,
    /// Leaves of members' evaluation logs, by organisation and place.
    HeldLeaf = 38,
    /// Rosters of which governors signed two of one version, by version and digest.
    RosterConflict = 40,
    /// Since when a version is known that decides between two lines of rosters, by digest.
    RosterDecision = 41,
    /// Objections to own signals, by family reference.
    Objection = 30,
    /// Matches and persons that turned out to be wrong, by number.
    Incident = 31,
    /// Persons of own records from whom nothing is derived, by family reference.
    WrongPerson = 32,
    /// Who of a family was told, by family reference.
    Informing = 33,
}

impl Collection {
    /// Every collection, in the order of their numbers.
    pub const ALL: [Self; 36] = [
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
        Self::LogEntry,
        Self::LogDetails,
        Self::LogHashes,
        Self::LogHead,
        Self::OwnLeaf,
        Self::AskedInputs,
        Self::OwnLeaves,
        Self::SealedSeed,
        Self::Witnessed,
        Self::LogEvidence,
        Self::CosignedCheckpoint,
        Self::MemoryLost,
        Self::SignedLog,
        Self::HeldLog,
        Self::HeldLeaf,
        Self::RosterConflict,
        Self::RosterDecision,
        Self::Objection,
        Self::Incident,
        Self::WrongPerson,
        Self::Informing,
    ];

    /// Whether a node takes it up at a start. Logs are too long for that: they are read when somebody asks for them.
    #[must_use]
    pub const fn is_taken_up(self) -> bool {
        !matches!(
            self,
            Self::LogEntry
                | Self::LogDetails
                | Self::LogHashes
                | Self::OwnLeaf
                | Self::AskedInputs
                | Self::SealedSeed
                | Self::HeldLeaf
        )
    }

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
    /// The same, until the month is forgotten in which its retention ends.
    Month(Month),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lasting => f.write_str("what lasts"),
            Self::Epoch(epoch) => write!(f, "epoch {epoch}"),
            Self::Month(month) => write!(f, "month {month}"),
        }
    }
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
    /// Put a record, replacing the one under the same key. Putting one into a scope that was forgotten is a mistake
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
    /// Destroy the data key of an epoch or a month, and with it every record of it. For good: what was forgotten takes no
    /// record again. Forgetting one twice, or one of which nothing was kept, is fine. Wanting what lasts forgotten is a
    /// mistake of the program, and refused.
    Forget {
        /// The epoch or month.
        scope: Scope,
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
            Self::Forget { scope } => write!(f, "Forget({scope})"),
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

/// Whom what is made of records is for.
#[derive(Debug)]
pub(crate) enum Addressee {
    /// Whoever asked.
    Asker(ResponseToken),
    /// A member, who is asked this.
    Member { to: Oin, conversation: Conversation, id: RequestId },
}

/// Makes a frame of the records that were read.
pub(crate) type MakeFrame = Box<dyn FnOnce(Vec<Vec<u8>>) -> Vec<u8> + Send>;

/// An answer or a request made of records: read when the Step that holds it is on disk, and what was put before is there.
pub(crate) struct Quotation {
    /// For whom.
    pub(crate) addressee: Addressee,
    /// Where each record lies, in order.
    pub(crate) records: Vec<(Scope, Collection, Vec<u8>)>,
    /// No record after the first is taken with which there would be more bytes.
    pub(crate) most_bytes: usize,
    /// Makes the frame of the first records, as many as there are without a gap: a later Step, on disk already, may have
    /// removed others.
    pub(crate) frame: MakeFrame,
}

impl fmt::Debug for Quotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quotation({:?}, {} records)", self.addressee, self.records.len())
    }
}

impl Quotation {
    fn read<D: Durable>(self, disk: &mut D) -> Result<Outbound, D::Error> {
        let mut found: Vec<Vec<u8>> = Vec::with_capacity(self.records.len());
        let mut bytes = 0;
        for (scope, collection, key) in self.records {
            let Some(value) = disk.read(scope, collection, &key)? else { break };
            bytes += value.len();
            if !found.is_empty() && bytes > self.most_bytes {
                break;
            }
            found.push(value);
        }
        let frame = (self.frame)(found);
        Ok(match self.addressee {
            Addressee::Asker(token) => Outbound::Respond { token, frame },
            Addressee::Member { to, conversation, id } => Outbound::Request { to, conversation, id, frame },
        })
    }
}

/// What a Step says.
#[derive(Debug)]
enum Said {
    This(Outbound),
    Quoting(Quotation),
}

/// What one transition keeps and says. Nothing of it happens until it is committed in a [`Batch`].
#[derive(Debug, Default)]
#[must_use = "a Step that is not committed neither happened nor speaks"]
pub struct Step {
    writes: Vec<Write>,
    said: Vec<Said>,
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
        self.said.push(Said::This(outbound));
    }

    /// Adds an answer or a request that quotes records.
    pub(crate) fn quote(&mut self, quotation: Quotation) {
        self.said.push(Said::Quoting(quotation));
    }

    /// Appends another Step behind this one.
    pub fn append(&mut self, mut other: Self) {
        self.writes.append(&mut other.writes);
        self.said.append(&mut other.said);
    }

    /// Number of changes on disk.
    #[must_use]
    pub fn writes_len(&self) -> usize {
        self.writes.len()
    }

    /// Whether it neither keeps nor says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.said.is_empty()
    }
}

/// Makes writes durable, all or none, and reads them back: the sled store, and the crashing store of the simulations.
pub trait Durable {
    /// Why writes could not be made durable, or a record not be read.
    type Error;

    /// Returns only after everything in `writes` would survive the loss of power.
    ///
    /// # Errors
    /// Whatever kept the writes from the disk; then none of them may be relied on.
    fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Self::Error>;

    /// The value of a record that was made durable; none when there is no such record.
    ///
    /// # Errors
    /// When the disk does not give it, or not as it was put.
    fn read(
        &mut self,
        scope: Scope,
        collection: Collection,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, Self::Error>;
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
    /// When the disk refuses, or cannot be read where an answer quotes it; nothing is said then.
    pub fn commit<D: Durable>(self, disk: &mut D) -> Result<Vec<Outbound>, D::Error> {
        let Step { writes, said } = self.merged;
        if !writes.is_empty() {
            disk.make_durable(writes)?;
        }
        let outbound = said.into_iter().map(|said| match said {
            Said::This(outbound) => Ok(outbound),
            Said::Quoting(quotation) => quotation.read(disk),
        });
        outbound.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImportCounts;

    #[derive(Default)]
    struct Disk {
        broken: bool,
        unreadable: bool,
        kept: usize,
        records: Vec<Vec<u8>>,
    }

    impl Durable for Disk {
        type Error = &'static str;

        fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Self::Error> {
            if self.broken {
                return Err("no space left");
            }
            self.kept += writes.len();
            self.records.extend(writes.into_iter().filter_map(|write| match write {
                Write::Put { key, .. } => Some(key),
                Write::Delete { .. }
                | Write::Forget { .. }
                | Write::PutSecret { .. }
                | Write::DestroySecret { .. } => None,
            }));
            Ok(())
        }

        fn read(&mut self, _: Scope, _: Collection, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error> {
            let held = self.records.iter().find(|held| *held == key);
            if self.unreadable { Err("a bad sector") } else { Ok(held.cloned()) }
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
        let mut disk = Disk::default();
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
        assert_eq!(batch.commit(&mut Disk { broken: true, ..Disk::default() }).unwrap_err(), "no space left");
    }

    /// Quotes records 1 to 4, of which the third is on no disk, after putting the second.
    fn quoting_step() -> Step {
        quoting(Addressee::Asker(ResponseToken(7)), usize::MAX)
    }

    fn quoting(addressee: Addressee, most_bytes: usize) -> Step {
        let mut step = Step::default();
        step.put(Collection::Body, vec![2], Vec::new());
        let records = [1, 2, 3, 4].map(|key| (Scope::Lasting, Collection::Body, vec![key]));
        let frame: MakeFrame = Box::new(|found| found.concat());
        step.quote(Quotation { addressee, records: records.into(), most_bytes, frame });
        step
    }

    #[test]
    fn an_answer_quotes_what_is_on_disk_once_the_step_is_up_to_the_first_gap() {
        let mut disk = Disk { records: vec![vec![1], vec![4]], ..Disk::default() };
        let mut batch = Batch::default();
        batch.push(quoting_step());
        let said = batch.commit(&mut disk).unwrap();
        let [Outbound::Respond { token: ResponseToken(7), frame }] = said.as_slice() else {
            panic!("one answer: {said:?}")
        };
        assert_eq!(*frame, [1, 2]);
    }

    #[test]
    fn a_quotation_ends_before_it_is_too_long_but_has_one_record() {
        let commit = |most_bytes| {
            let mut disk = Disk { records: (1..=4).map(|key| vec![key]).collect(), ..Disk::default() };
            let mut batch = Batch::default();
            batch.push(quoting(Addressee::Asker(ResponseToken(7)), most_bytes));
            match batch.commit(&mut disk).unwrap().as_slice() {
                [Outbound::Respond { frame, .. }] => frame.clone(),
                said => panic!("one answer: {said:?}"),
            }
        };
        assert_eq!(commit(0), [1]);
        assert_eq!(commit(1), [1]);
        assert_eq!(commit(3), [1, 2, 3]);
        assert_eq!(commit(4), [1, 2, 3, 4]);
    }

    #[test]
    fn a_request_quotes_as_an_answer_does() {
        let mut disk = Disk { records: vec![vec![1], vec![4]], ..Disk::default() };
        let (to, conversation, id) = (Oin::test_number(1).unwrap(), Conversation::Feed, RequestId(3));
        let mut batch = Batch::default();
        batch.push(quoting(Addressee::Member { to, conversation, id }, usize::MAX));
        let said = batch.commit(&mut disk).unwrap();
        let [Outbound::Request { id: RequestId(3), frame, .. }] = said.as_slice() else {
            panic!("one request: {said:?}")
        };
        assert_eq!(*frame, [1, 2]);
    }

    #[test]
    fn a_disk_that_cannot_be_read_says_nothing() {
        let mut batch = Batch::default();
        batch.push(speaking_step(1));
        batch.push(quoting_step());
        let mut disk = Disk { unreadable: true, ..Disk::default() };
        assert_eq!(batch.commit(&mut disk).unwrap_err(), "a bad sector");
        assert_eq!(disk.kept, 2);
    }
}
