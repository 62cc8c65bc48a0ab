//! Shell completions and manual pages, made from the command line as it is.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Command;
use clap_complete::Shell;

use super::output;
use crate::exit::Exit;

/// Options of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct CompletionArguments {
    /// The shell.
    shell: Shell,
}

/// Options of `man`.
#[derive(Debug, clap::Args)]
pub(super) struct ManArguments {
    /// Where the pages go; made when it is not there.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Prints the completions of one shell.
pub(super) fn completions(arguments: &CompletionArguments, command: &mut Command) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "samenhang", &mut script);
    output::line(String::from_utf8(script)?.trim_end())?;
    Ok(Exit::Ok)
}

/// Writes `samenhang.1` and a page for each command below it.
pub(super) fn pages(arguments: &ManArguments, command: Command) -> Result<Exit> {
    let directory = &arguments.directory;
    let refused = || format!("cannot write manual pages into {}", directory.display());
    fs::create_dir_all(directory).with_context(refused)?;
    clap_mangen::generate_to(command, directory).with_context(refused)?;
    Ok(Exit::Ok)
}
