//! One client's conversation: requests in, responses out. The same for the socket and for a command that finds no
//! node running.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use audit::Exported;
use control::{
    CodecError, Conversation, Conversations, DecidedLine, Extent, ImportReport, LineReader, LogUse,
    MAX_REQUEST_BYTES, PAGE_LINES, Page, Problem, ProblemKind, Progress, Reply, Request, Response,
    SealedBytes, SealingKey, Upload, Which, write_line,
};
use domain::{CalendarDate, FamilyRef, Invalid, Oin, Signal};
use protocol::{Command, DecisionWanted};
use store::BackupKey;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf, split};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::backup::Backup;
use super::desk::{Desk, Engine, mixed_up};
use super::import::{Absent, Gathered, bad_row};
use super::{lines, reviews};
use crate::audit::{LogReader, READ_ENTRIES};
use crate::import::MAX_FILE_BYTES;
use crate::runtime::{NodeSecrets, now};

/// How long a client may be silent when it is its turn. The program writes at once; whoever is silent has gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a followed status is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Most files of one import: a file per unit of the largest organisation, with room.
const MAX_FILES: usize = 1_000;

/// Families registered between two words about how far it is: a fraction of a second.
const PART_FAMILIES: usize = 500;

/// Most families named by one request: what fits a line.
const MAX_NAMED: usize = 10_000;

/// Bytes of a backup in one line; in hexadecimal twice as many, far below what a client reads.
const BACKUP_PAGE_BYTES: usize = 1 << 20;

/// Why a request got no reply.
pub(super) enum Stop {
    /// The client is told.
    Refused(Problem),
    /// The client is gone.
    Gone,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<CodecError> for Stop {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Io(_) => Self::Gone,
            CodecError::TooLong { .. } | CodecError::Malformed { .. } => {
                Self::Refused(Problem::new(ProblemKind::Request, error.to_string()))
            }
        }
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(Problem::new(ProblemKind::Node, format!("{error:#}")))
    }
}

/// Serves a client until it leaves, misbehaves or is silent.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite>(stream: S, desk: Arc<Desk>) {
    let (read, out) = split(stream);
    let mut talk = Talk { lines: LineReader::new(read, MAX_REQUEST_BYTES), out, desk };
    loop {
        let served = match talk.request().await {
            Ok(Some(request)) => talk.serve(request).await,
            Ok(None) => return,
            Err(stop) => Err(stop),
        };
        match served {
            Ok(()) => {}
            Err(Stop::Refused(problem)) => {
                // What was sent after a refused request is unknown: the conversation ends here.
                let _gone = talk.say(Response::Refused(problem)).await;
                return;
            }
            Err(Stop::Gone) => return,
        }
    }
}

/// Serves the conversations within the process until nobody can open one and the last has ended.
pub(crate) async fn converse(mut conversations: Conversations, desk: Arc<Desk>) {
    let mut served = JoinSet::new();
    while let Some(Conversation { stream, seat }) = conversations.next().await {
        let desk = Arc::clone(&desk);
        served.spawn(async move {
            serve(stream, desk).await;
            drop(seat);
        });
        while served.try_join_next().is_some() {}
    }
    // A panic has been printed.
    while served.join_next().await.is_some() {}
}

pub(super) struct Talk<S> {
    lines: LineReader<ReadHalf<S>>,
    out: WriteHalf<S>,
    pub(super) desk: Arc<Desk>,
}

impl<S: AsyncRead + AsyncWrite> Talk<S> {
    async fn request(&mut self) -> Result<Option<Request>, Stop> {
        tokio::time::timeout(PATIENCE, self.lines.next()).await.map_err(|_| Stop::Gone)?.map_err(Stop::from)
    }

    async fn say(&mut self, response: Response) -> Result<(), Stop> {
        let written = write_line(&mut self.out, &response);
        tokio::time::timeout(PATIENCE, written).await.map_err(|_| Stop::Gone)?.map_err(Stop::from)
    }

    pub(super) async fn reply(&mut self, reply: Reply) -> Result<(), Stop> {
        self.say(Response::Reply(reply)).await
    }

    async fn progress(&mut self, doing: &str, done: usize, total: Option<usize>) -> Result<(), Stop> {
        let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
        let progress = Progress { doing: doing.to_owned(), done: count(done), total: total.map(count) };
        self.say(Response::Progress(progress)).await
    }

    pub(super) async fn pages<L: Clone>(
        &mut self,
        lines: &[L],
        page: impl Fn(Vec<L>) -> Page,
    ) -> Result<(), Stop> {
        for part in lines.chunks(PAGE_LINES) {
            self.say(Response::Page(page(part.to_vec()))).await?;
        }
        Ok(())
    }

    async fn serve(&mut self, request: Request) -> Result<(), Stop> {
        match request {
            Request::Status { follow } => self.status(follow).await,
            Request::Import { extent, allow_withdrawals } => self.import(extent, allow_withdrawals).await,
            Request::Renew { families, until } => self.renew(&families, &until).await,
            Request::Signals => self.signals().await,
            Request::Withdraw { families } => self.withdraw(&families).await,
            Request::Who { family } => self.who(&family).await,
            Request::Matches { which } => self.matches(which).await,
            Request::Decide { family, organisation, judgement, unit, although_certain } => {
                let unit = reviews::unit(unit.as_deref(), self.desk.units.as_ref())?;
                let (family, organisation) = self.about(&family, &organisation)?;
                let judgement = reviews::wanted(judgement);
                let wanted = DecisionWanted { family, organisation, judgement, unit, although_certain };
                let (family, organisation) = (wanted.family.clone(), wanted.organisation);
                self.decide(&family, &organisation, Command::Decide(wanted)).await
            }
            Request::Undo { family, organisation } => {
                let (family, organisation) = self.about(&family, &organisation)?;
                self.decide(&family, &organisation, Command::Undo(family.clone(), organisation)).await
            }
            Request::Log { purpose } => self.log(purpose).await,
            Request::Backup { key } => self.backup(&key).await,
            Request::Leave { begin, force } => self.leave(begin, force).await,
            Request::Stop => {
                self.reply(Reply::Stopping).await?;
                self.desk.ask_to_stop();
                Ok(())
            }
            Request::Rights { right } => self.rights(right).await,
        }
    }

    async fn leave(&mut self, begin: bool, force: bool) -> Result<(), Stop> {
        let (consequences, signals) = self.desk.consequences().await?;
        if !begin {
            return self.reply(Reply::Leaving(consequences.line(self.desk.leaving(), signals))).await;
        }
        // Once begun, there is nothing to refuse any more.
        if consequences.refused && !force && self.desk.leaving().is_none() {
            let message = format!(
                "{}; nothing was done. With --force it leaves all the same",
                consequences.sentences.join("; ")
            );
            return Err(Problem::new(ProblemKind::NotNow, message).into());
        }
        self.progress("withdrawing signals", 0, Some(signals)).await?;
        let withdrawn = self.desk.leave().await?;
        self.reply(Reply::Leaving(consequences.line(self.desk.leaving(), withdrawn))).await
    }

    async fn status(&mut self, follow: bool) -> Result<(), Stop> {
        let mut told = self.desk.status().await?;
        self.reply(Reply::Status(Box::new(told.clone()))).await?;
        if !follow {
            return Ok(());
        }
        let mut clock = tokio::time::interval(LOOK);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = clock.tick() => {}
                // A client that follows says nothing; whatever comes, its end among it, ends the following.
                _ended = self.lines.next::<Request>() => return Err(Stop::Gone),
            }
            let status = self.desk.status().await?;
            if status != told {
                self.reply(Reply::Status(Box::new(status.clone()))).await?;
                told = status;
            }
        }
    }

    async fn signals(&mut self) -> Result<(), Stop> {
        let held = held(&self.desk.engine()?).await?;
        let grounds = self.desk.engine()?.roster().basis_standings(&self.desk.oin(), now());
        let lines: Vec<_> = held.iter().map(|signal| lines::signal(signal, &grounds)).collect();
        self.pages(&lines, Page::Signals).await?;
        self.reply(Reply::Signals(lines.len())).await
    }

    async fn withdraw(&mut self, families: &[String]) -> Result<(), Stop> {
        let engine = self.desk.engine()?;
        let families = own(&engine, families).await?;
        let protocol::Reply::Withdrawn(count) = engine.command(Command::Withdraw(families)).await? else {
            return Err(mixed_up().into());
        };
        self.reply(Reply::Withdrawn(count)).await
    }

    async fn renew(&mut self, families: &[String], until: &str) -> Result<(), Stop> {
        let engine = self.desk.engine()?;
        self.desk.takes_signals()?;
        let refused = |message: String| Problem::new(ProblemKind::Request, message);
        let until: CalendarDate = until.parse().map_err(|error: Invalid| refused(error.to_string()))?;
        if until < now().date() {
            return Err(refused("a signal lasts until today at least".to_owned()).into());
        }
        let families = own(&engine, families).await?;
        let renew = Command::Renew { families, until };
        let protocol::Reply::Renewed(renewed) = engine.command(renew).await? else {
            return Err(mixed_up().into());
        };
        let count = renewed.map_err(|refusal| Problem::new(ProblemKind::Signal, refusal.to_string()))?;
        self.reply(Reply::Renewed(count)).await
    }

    async fn who(&mut self, family: &str) -> Result<(), Stop> {
        let engine = self.desk.engine()?;
        let protocol::Reply::Who(answer) = engine.command(Command::Who(reference(family)?)).await? else {
            return Err(mixed_up().into());
        };
        let answer = answer.map_err(|refusal| Problem::new(ProblemKind::Signal, refusal.to_string()))?;
        self.reply(Reply::Who(lines::answer(&answer, &engine.roster(), &self.desk.oin()))).await
    }

    pub(super) fn about(&self, family: &str, organisation: &str) -> Result<(FamilyRef, Oin), Problem> {
        let roster = self.desk.engine()?.roster();
        Ok((reference(family)?, reviews::organisation(organisation, &roster, &self.desk.oin())?))
    }

    /// Gives a command that decides about a match, and tells what stands then.
    async fn decide(&mut self, family: &FamilyRef, organisation: &Oin, command: Command) -> Result<(), Stop> {
        let engine = self.desk.engine()?;
        let protocol::Reply::Decided(decided) = engine.command(command).await? else {
            return Err(mixed_up().into());
        };
        let decision = decided.map_err(|refusal| reviews::refusal(&refusal))?;
        self.reply(Reply::Decided(DecidedLine {
            gezin: family.to_string(),
            oin: organisation.to_string(),
            organisatie: lines::name(&engine.roster(), organisation),
            oordeel: decision.as_ref().map(reviews::judgement),
        }))
        .await
    }

    async fn matches(&mut self, which: Which) -> Result<(), Stop> {
        let engine = self.desk.engine()?;
        let protocol::Reply::WhoAll(answers) = engine.command(Command::WhoAll).await? else {
            return Err(mixed_up().into());
        };
        let lines = lines::matches(&answers, which, &engine.roster(), &self.desk.oin());
        self.pages(&lines, Page::Matches).await?;
        let dekking = self.desk.status().await?.dekking;
        self.reply(Reply::Matches { count: lines.len(), dekking }).await
    }

    /// Sends the log as it is now. Nothing of it leaves before that stands in it too.
    async fn log(&mut self, purpose: LogUse) -> Result<(), Stop> {
        let engine = self.desk.engine()?;
        let is_read = purpose == LogUse::Read;
        // What is shown of a log is signed, and of one that lost entries nothing is: it could be taken for a second log.
        let status = self.desk.status().await?;
        if let Some(lost) = status.witnessing.logs.iter().find_map(|log| log.lost.as_ref()) {
            let why = format!(
                "the log lost entries {} to {}: nothing of it is signed until the governors approve a log generation",
                lost.first, lost.last
            );
            return Err(Problem::new(ProblemKind::Node, why).into());
        }
        exporting(&engine, Exported::Log).await?;
        let (network, oin) = (engine.roster().network(), self.desk.oin());
        let opened = engine.look(move |store| {
            let log = LogReader::open(store, network, oin)?;
            let state = log.state(store, &NodeSecrets::log_key_in(store)?)?;
            anyhow::Ok((log, state))
        });
        let (log, state) = opened.await??;
        self.reply(Reply::Log(state)).await?;
        let (total, mut sent) = (usize::try_from(log.size()).ok(), 0);
        while sent < log.size() {
            let (from, reader) = (sent, log.clone());
            let lines = engine.look(move |store| reader.entries(store, from, is_read)).await??;
            sent += u64::try_from(lines.len()).unwrap_or(u64::MAX);
            self.say(Response::Page(Page::Log(lines))).await?;
            if sent.is_multiple_of(50 * READ_ENTRIES) {
                self.progress("reading the log", usize::try_from(sent).unwrap_or(usize::MAX), total).await?;
            }
        }
        self.reply(Reply::LogEntries(sent)).await
    }

    async fn backup(&mut self, key: &SealingKey) -> Result<(), Stop> {
        let Some(key) = key.reveal() else {
            return Err(Problem::new(ProblemKind::Request, "the key of a backup has 32 bytes").into());
        };
        let engine = self.desk.engine()?;
        let desk = Arc::clone(&self.desk);
        let _turn = desk.backups.acquire().await.map_err(|_| Stop::Gone)?;
        exporting(&engine, Exported::Backup).await?;
        self.progress("reading what goes into the backup", 0, None).await?;
        let mut backup = Backup::begin(&engine, desk.oin(), &BackupKey::from_bytes(key)).await?;
        let total = usize::try_from(backup.entries).unwrap_or(usize::MAX);
        let mut told = 0;
        while let Some((bytes, done)) = backup.next().await? {
            for part in bytes.chunks(BACKUP_PAGE_BYTES) {
                self.say(Response::Page(Page::Backup(SealedBytes::new(part)))).await?;
            }
            // Often enough for a person, not a line for every piece.
            if done - told >= (backup.entries / 20).max(1) {
                told = done;
                let done = usize::try_from(done).unwrap_or(usize::MAX);
                self.progress("sealing signals, keys and rosters", done, Some(total)).await?;
            }
        }
        tracing::info!(signals = backup.report.signals, "backed up");
        self.reply(Reply::BackedUp(backup.report)).await
    }

    async fn import(&mut self, extent: Extent, allow_withdrawals: bool) -> Result<(), Stop> {
        let engine = self.desk.engine()?;
        let desk = Arc::clone(&self.desk);
        let _turn = desk.imports.acquire().await.map_err(|_| Stop::Gone)?;
        desk.takes_signals()?;
        let files = self.files().await?;
        self.progress("reading the files", 0, Some(files.len())).await?;
        let (roster, today) = (engine.roster(), now().date());
        let member = roster.members().iter().find(|member| member.oin == desk.oin());
        let bsn_entitled = member.is_some_and(|member| member.bsn_entitled);
        let grounds = roster.basis_standings(&desk.oin(), now());
        let held = Arc::new(held(&engine).await?);
        let (reader, known) = (Arc::clone(&desk), Arc::clone(&held));
        let reading = tokio::task::spawn_blocking(move || {
            Gathered::read(&files, &grounds, bsn_entitled, reader.units.as_ref(), &known, today)
        });
        let mut gathered = reading.await.map_err(|error| anyhow!(error))??;
        gathered.check_extent(&held, extent)?;
        let absent = match extent {
            Extent::Whole => gathered.absent(&held, today, allow_withdrawals)?,
            Extent::New | Extent::Known => Absent::default(),
        };
        let bad_rows: Vec<_> = gathered.problems.iter().map(bad_row).collect();
        self.pages(&bad_rows, Page::BadRows).await?;
        let mut report = ImportReport {
            untouched: gathered.untouched(),
            bad_rows: bad_rows.len(),
            kept_for_unplaced_rows: absent.kept,
            ..ImportReport::default()
        };
        self.register(&engine, std::mem::take(&mut gathered.signals), &mut report).await?;
        if !absent.withdraw.is_empty() {
            self.progress("withdrawing families", 0, Some(absent.withdraw.len())).await?;
            let protocol::Reply::Withdrawn(count) =
                engine.command(Command::Withdraw(absent.withdraw)).await?
            else {
                return Err(mixed_up().into());
            };
            report.withdrawn = count;
        }
        tracing::info!(
            added = report.added,
            changed = report.changed,
            unchanged = report.unchanged,
            withdrawn = report.withdrawn,
            bad_rows = report.bad_rows,
            "imported"
        );
        self.reply(Reply::Imported(report)).await
    }

    /// Registers families part by part, and says how far it is. A client that leaves in between leaves part of its list
    /// registered, as one that is killed does.
    async fn register(
        &mut self,
        engine: &Engine,
        signals: Vec<Signal>,
        report: &mut ImportReport,
    ) -> Result<(), Stop> {
        const DOING: &str = "registering families";
        let total = signals.len();
        let mut left = signals.into_iter();
        self.progress(DOING, 0, Some(total)).await?;
        loop {
            let part: Vec<Signal> = left.by_ref().take(PART_FAMILIES).collect();
            let is_last = left.len() == 0;
            let command = if is_last { Command::Import(part) } else { Command::ImportPart(part) };
            let protocol::Reply::Imported(counts) = engine.command(command).await? else {
                return Err(mixed_up().into());
            };
            report.added += counts.added;
            report.changed += counts.changed;
            report.unchanged += counts.unchanged;
            report.kept_out += counts.kept_out;
            self.progress(DOING, total - left.len(), Some(total)).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Receives the files of an import. Nothing is said meanwhile: the client reads when it has written all.
    async fn files(&mut self) -> Result<Vec<(String, Zeroizing<String>)>, Stop> {
        let mut files: Vec<(String, Zeroizing<String>)> = Vec::new();
        let (mut bytes, limit) = (0_u64, MAX_FILE_BYTES);
        let refused = |message: String| Stop::from(Problem::new(ProblemKind::File, message));
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next::<Upload>())
                .await
                .map_err(|_| Stop::Gone)??;
            match line.as_ref() {
                None => return Err(Stop::Gone),
                Some(Upload::End) if files.is_empty() => {
                    return Err(refused("the import has no file".to_owned()));
                }
                Some(Upload::End) => return Ok(files),
                Some(Upload::File(_)) if files.len() == MAX_FILES => {
                    return Err(refused(format!("more than {MAX_FILES} files; import them in parts")));
                }
                Some(Upload::File(name)) => files.push((name.clone(), Zeroizing::default())),
                Some(Upload::Text(text)) => {
                    bytes = bytes.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
                    if bytes > limit {
                        return Err(refused(format!(
                            "the files have more than {} MiB together; import them in parts, by unit (afdeling)",
                            limit >> 20
                        )));
                    }
                    match files.last_mut() {
                        Some((_, held)) => held.push_str(text),
                        None => return Err(refused("text before the name of a file".to_owned())),
                    }
                }
            }
        }
    }
}

/// The families named, each with a signal; otherwise nothing is done.
async fn own(engine: &Engine, families: &[String]) -> Result<Vec<FamilyRef>, Stop> {
    if families.len() > MAX_NAMED {
        let message = format!("more than {MAX_NAMED} families at once; name them in parts");
        return Err(Problem::new(ProblemKind::Request, message).into());
    }
    let families = families.iter().map(|text| reference(text)).collect::<Result<Vec<_>, _>>()?;
    let held = held(engine).await?;
    let known = |family: &FamilyRef| held.binary_search_by(|signal| signal.family.cmp(family)).is_ok();
    match families.iter().find(|family| !known(family)) {
        None => Ok(families),
        Some(unknown) => {
            let message = format!(
                "there is no signal on family {unknown}; nothing was done. `samenhang signal list` shows those there are"
            );
            Err(Problem::new(ProblemKind::Signal, message).into())
        }
    }
}

async fn held(engine: &Engine) -> Result<Vec<protocol::SignalSummary>> {
    let protocol::Reply::Signals(held) = engine.command(Command::Signals).await? else {
        return Err(mixed_up());
    };
    Ok(held)
}

/// Logs that something is about to leave. Returns when that is on disk.
async fn exporting(engine: &Engine, what: Exported) -> Result<()> {
    let protocol::Reply::Logged = engine.command(Command::Exporting(what)).await? else {
        return Err(mixed_up());
    };
    Ok(())
}

pub(super) fn reference(text: &str) -> Result<FamilyRef, Problem> {
    FamilyRef::new(text).map_err(|invalid| Problem::new(ProblemKind::Request, invalid.to_string()))
}
