//! How far long work is: a bar in a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

/// Lines about one piece of work, where lines are printed.
const LINES: usize = 20;

/// One piece of work.
pub(super) struct Progress {
    doing: String,
    total: usize,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(doing: impl Into<String>, total: usize) -> Self {
        let doing = doing.into();
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len}");
            let bar = ProgressBar::new(total as u64).with_message(doing.clone());
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { doing, total, bar }
    }

    /// So much is done.
    pub(super) fn at(&self, done: usize) {
        match &self.bar {
            Some(bar) => bar.set_position(done as u64),
            None if done.is_multiple_of(self.total.div_ceil(LINES).max(1)) => {
                say!("{}: {done} of {}", self.doing, self.total);
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
