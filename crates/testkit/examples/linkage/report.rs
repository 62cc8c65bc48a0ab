//! The report: regions of every size measured, and what came out as a page of tables and three plots.
//!
//! [`measures`] links the regions, [`figures`] writes the tables, and [`calibration`], [`sizes`] and [`keys`] draw one plot
//! each on the [`canvas`] with a [`scale`] for each axis. All is a function of the seeds: the same report has the same bytes.

mod calibration;
mod canvas;
mod figures;
mod keys;
mod measures;
mod numbers;
mod scale;
mod sizes;

use std::{fs, io};

use self::measures::Measures;
use crate::options::ReportOptions;

/// Measures everything and writes the page and its plots.
///
/// # Errors
/// The folder cannot be made or written to. The folder is made first, so that this shows before the measuring.
pub(crate) fn write(options: &ReportOptions) -> io::Result<()> {
    fs::create_dir_all(&options.out)?;
    let measures = Measures::take(options);
    let files = [
        ("figures.md", figures::page(&measures)),
        ("calibration.svg", calibration::plot(&measures)),
        ("sizes.svg", sizes::plot(&measures)),
        ("keys.svg", keys::plot(&measures)),
    ];
    for (name, text) in files {
        let path = options.out.join(name);
        fs::write(&path, text)?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}
