//! The node: configuration, start order, the event loop, command line, orderly stop.

pub mod bench;
pub mod cli;
pub mod demo;
pub mod exit;
pub mod import;
pub mod runtime;
