//! The node: configuration, start order, the event loop, command line, orderly stop.

#[macro_use]
mod say;

mod audit;
pub mod backup;
pub mod bench;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod decoders;
pub mod demo;
mod departure;
mod disk;
pub mod doctor;
pub mod exit;
pub mod governance;
pub mod import;
pub mod passphrase;
pub mod runtime;
