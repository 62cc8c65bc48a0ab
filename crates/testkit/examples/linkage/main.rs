//! Measures what linking finds and what it invents, on synthetic regions, with the linkage and tags of the product.
//!
//! ```text
//! cargo run --release -p testkit --example linkage
//! cargo run --release -p testkit --example linkage -- region --persons 100000 --seed 7
//! cargo run --release -p testkit --example linkage -- mistakes --seed 7
//! cargo run --release -p testkit --example linkage -- report --seed 7 --out docs/linkage
//! ```
//!
//! `region` prints one region; `mistakes` shows what was invented and missed; `report` runs everything, with each kind of
//! key left out in turn, and writes the tables and plots that `docs/linkage.md` shows into a folder. The same seed gives
//! the same figures everywhere. Tables go to standard output, progress to standard error. Exit status 1: the report
//! cannot be written; 2: the command is not understood.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables are data, progress is not")]

mod mistakes;
mod options;
mod region;
mod report;
mod tables;

use std::process::ExitCode;

use self::options::{Options, ReportOptions, USAGE};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (command, rest) = match words.split_first() {
        Some((command, rest)) if !command.starts_with("--") => (*command, rest),
        _ => ("region", words.as_slice()),
    };
    if command == "report" {
        return ReportOptions::read(rest).map_or_else(misunderstood, |options| report(&options));
    }
    let Some(options) = Options::read(rest) else { return misunderstood() };
    match command {
        "region" => region::one(&options),
        "mistakes" => region::mistakes(&options),
        _ => return misunderstood(),
    }
    ExitCode::SUCCESS
}

fn report(options: &ReportOptions) -> ExitCode {
    match report::write(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write to {}: {error}", options.out.display());
            ExitCode::FAILURE
        }
    }
}

fn misunderstood() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
