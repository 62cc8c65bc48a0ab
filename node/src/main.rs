//! The program `samenhang`.

use std::process::ExitCode;

fn main() -> ExitCode {
    samenhang::cli::main()
}
