//! What every bench says before it measures, and how it prints what it measured.

use std::io::{self, StdoutLock, Write as _};

use anyhow::{Context as _, Result};

use crate::exit::Exit;

/// Says so when the figures of this build say little.
pub(super) fn warn_of_unoptimised() {
    if cfg!(debug_assertions) {
        say!("this build is not optimised; its figures say little (build with --release)");
    }
}

/// Prints a report to standard output.
///
/// # Errors
/// When it cannot be written, but for a reader that has seen enough and closed the pipe.
pub(super) fn print(write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>) -> Result<Exit> {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.context("cannot print the figures")?,
    }
    Ok(Exit::Ok)
}
