//! How far the demonstration is: a bar in a terminal, plain lines elsewhere, and the watch for standstill.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use protocol::Status;

/// Without any progress for this long the demonstration gives up.
const STANDSTILL: Duration = Duration::from_secs(600);

/// Shows progress on standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    furthest: Furthest,
    moved: Instant,
    stage: Stage,
}

/// What the nodes together have reached.
#[derive(Default)]
pub(super) struct Snapshot {
    nodes: usize,
    key_sets: usize,
    evaluated: usize,
    waiting: usize,
    tags: usize,
    published: usize,
    complete: usize,
    shortage: Option<String>,
}

/// The most that was reached of each count. Only more of something is progress: nodes that hold every current head
/// come and go with each new segment.
#[derive(Default)]
struct Furthest([usize; 5]);

impl Furthest {
    fn advance(&mut self, now: &Snapshot) -> bool {
        let reached = [now.key_sets, now.evaluated, now.tags, now.published, now.complete];
        let mut advanced = false;
        for (furthest, reached) in self.0.iter_mut().zip(reached) {
            advanced |= reached > *furthest;
            *furthest = reached.max(*furthest);
        }
        advanced
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Ceremony,
    Evaluation,
    Publication,
    Done,
}

impl Snapshot {
    pub(super) fn of(statuses: &[Status]) -> Self {
        Self {
            nodes: statuses.len(),
            key_sets: statuses.iter().map(|status| status.key_sets.len()).sum(),
            evaluated: statuses.iter().map(|status| status.keys_evaluated).sum(),
            waiting: statuses.iter().map(|status| status.keys_waiting).sum(),
            tags: statuses.iter().map(|status| status.tags_published).sum(),
            published: statuses.iter().filter(|status| status.published).count(),
            complete: statuses.iter().filter(|status| status.completeness.is_complete()).count(),
            shortage: statuses.iter().find_map(Status::keyholder_shortage),
        }
    }

    /// Whether every node has published everything and holds every current head.
    pub(super) fn is_done(&self) -> bool {
        self.key_sets == 2 * self.nodes && self.published == self.nodes && self.complete == self.nodes
    }

    fn stage(&self) -> Stage {
        if self.is_done() {
            Stage::Done
        } else if self.key_sets < 2 * self.nodes {
            Stage::Ceremony
        } else if self.waiting > 0 {
            Stage::Evaluation
        } else {
            Stage::Publication
        }
    }
}

impl Progress {
    #[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
    pub(super) fn new(terminal: bool) -> Self {
        let bar = terminal.then(|| {
            let bar = ProgressBar::new(1);
            let style = ProgressStyle::with_template("{spinner} [{bar:30}] {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, furthest: Furthest::default(), moved: Instant::now(), stage: Stage::Start }
    }

    /// Shows where things stand. `false` when nothing has moved for too long.
    #[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
    pub(super) fn show(&mut self, now: &Snapshot) -> bool {
        if self.furthest.advance(now) {
            self.moved = Instant::now();
        }
        let stage = now.stage();
        let (done, of, what) = match stage {
            Stage::Start | Stage::Ceremony => (now.key_sets, 2 * now.nodes, "key ceremony: key sets held"),
            Stage::Evaluation => (now.evaluated, now.evaluated + now.waiting, "evaluating linkage keys"),
            Stage::Publication | Stage::Done => {
                (now.complete, now.nodes, "nodes that hold every current head")
            }
        };
        let mut message = format!("{what}: {done} of {of}");
        if let Some(shortage) = &now.shortage {
            message = format!("{message} ({shortage})");
        }
        match &self.bar {
            Some(bar) => {
                bar.set_length(of as u64);
                bar.set_position(done as u64);
                bar.set_message(message);
            }
            None if stage != self.stage => say!("{message}"),
            None => {}
        }
        self.stage = stage;
        self.moved.elapsed() < STANDSTILL
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
