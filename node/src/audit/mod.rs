//! The main log as privacy officers meet it: read from the store, written to a file, verified on whatever machine,
//! and counted.

mod export;
mod figures;
mod line;
mod person;
mod reading;

pub(crate) use export::{Cosigned, ExportFormat, Exporter, VerifiedFile, verify_file};
pub(crate) use figures::{Counting, Figures};
pub(crate) use line::Readable;
pub(crate) use person::Gathering;
pub(crate) use reading::{LogReader, READ_ENTRIES};
