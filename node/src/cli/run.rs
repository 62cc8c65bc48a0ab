//! `samenhang run`: the node itself.

use anyhow::Result;

use super::target::Target;
use super::{Logging, start_logging};
use crate::config::{Config, LogFormat};
use crate::daemon;
use crate::exit::Exit;

/// Options of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    target: Target,
}

/// Runs the node until it is asked to stop. A filter on the command line goes before the one in the configuration.
pub(super) async fn run(arguments: &RunArguments, filter: Option<&str>) -> Result<Exit> {
    let config = Config::read(&arguments.target.config)?;
    let logging = match config.log_format {
        LogFormat::Text => Logging::Text,
        LogFormat::Json => Logging::Json,
    };
    start_logging(filter.unwrap_or(&config.log_filter), logging);
    daemon::run(config).await
}
