//! A data folder whose organisation has left its network: there is no node to look after.

use super::finding::Findings;
use crate::config::Config;
use crate::departure::{Departure, Stage};

/// Looks whether the organisation has left. Returns whether it has, and then nothing else is worth looking at.
pub(super) fn look(config: &Config, findings: &mut Findings) -> bool {
    let folder = config.data_folder.display();
    let departure = match Departure::read(&config.data_folder) {
        Ok(Some(departure)) => departure,
        Ok(None) => return false,
        Err(error) => {
            findings.wrong(
                "departure",
                format!("{error:#}"),
                "do as it says; a file that cannot be read may be another user's: run this as the user of the node",
            );
            return false;
        }
    };
    match departure.stage {
        // A node is still needed, and says itself how far it is.
        Stage::Withdrawing => return false,
        Stage::Erasing => findings.wrong(
            "departure",
            format!(
                "organisation {} is leaving since {}, and not everything in {folder} is destroyed",
                departure.oin, departure.begun
            ),
            "repeat `samenhang leave`, unless it is still at work: it goes on from here",
        ),
        Stage::Left => findings.attention(
            "departure",
            format!("{}; the keys and the database in {folder} were destroyed", departure.fact()),
            "disable the service if that was not done yet; there is nothing else to do, and the folder may be removed",
        ),
    }
    true
}
