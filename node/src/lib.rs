//! The node: configuration, start order, the event loop, command line, orderly stop.
pub mod import;
