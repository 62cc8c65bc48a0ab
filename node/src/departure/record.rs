//! The record of a departure, `departure.json` in the data folder: it outlives everything sealed there.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use domain::Oin;
use serde::{Deserialize, Serialize};

use crate::governance::replace;

/// How far a departure is, and when it began and ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Departure {
    /// Who leaves.
    pub(crate) oin: String,
    /// Name of the network; absent for an organisation that never joined one.
    pub(crate) network: Option<String>,
    /// When it began (RFC 3339).
    pub(crate) begun: String,
    /// How far it is.
    pub(crate) stage: Stage,
    /// When everything was erased (RFC 3339).
    pub(crate) ended: Option<String>,
}

/// How far a departure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// Signals are withdrawn; others are still to hear of it.
    Withdrawing,
    /// Keys and database are being destroyed.
    Erasing,
    /// Nothing is left to do here.
    Left,
}

impl Departure {
    /// A departure that begins now. It is not kept yet.
    pub(crate) fn begin(oin: Oin, network: Option<String>, stage: Stage) -> Self {
        let begun = crate::runtime::now().to_string();
        Self { oin: oin.to_string(), network, begun, stage, ended: None }
    }

    /// The record of a data folder; `None` when its organisation is not leaving.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = path(folder);
        let text = match std::fs::read_to_string(&path) {
            // Whether there can be a folder at all is for whoever opens it to say.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let read = Self::parse(&text).with_context(|| {
            format!(
                "{} is damaged; `samenhang leave` wrote it: remove it and give that command again to go on leaving",
                path.display()
            )
        });
        read.map(Some)
    }

    /// Reads what [`Departure::write`] wrote.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// On disk when it returns.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        replace(&path(folder), text.as_bytes())?;
        Ok(())
    }

    /// Who left what, and when.
    pub(crate) fn fact(&self) -> String {
        let network = self.network.as_deref().unwrap_or("its network");
        let day = self.ended.as_deref().unwrap_or(&self.begun);
        format!("organisation {} left {network} on {day}", self.oin)
    }

    /// What whoever uses the folder afterwards is told.
    pub(crate) fn sentence(&self, folder: &Path) -> String {
        format!(
            "{}: the keys and the database in {} were destroyed, and nothing runs on this folder any more. Disable the \
             service; the folder may be removed. To join again, choose a new data_folder and begin with `samenhang init`",
            self.fact(),
            folder.display()
        )
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("departure.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_a_damaged_one_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Departure::read(folder.path()).unwrap(), None);
        let departure =
            Departure::begin(Oin::test_number(1).unwrap(), Some("Rivierenland".to_owned()), Stage::Erasing);
        departure.write(folder.path()).unwrap();
        assert_eq!(Departure::read(folder.path()).unwrap(), Some(departure));
        std::fs::write(path(folder.path()), "{").unwrap();
        let damaged = format!("{:#}", Departure::read(folder.path()).unwrap_err());
        assert!(damaged.contains("remove it and give that command again"), "{damaged}");
    }
}
