//! The program `samenhang`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // One provider of cryptography for every use of TLS in the process. A second call would be refused, and there
    // is none.
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    samenhang::cli::main()
}
