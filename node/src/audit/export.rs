//! The log as a file: JSON Lines, which anybody can verify; a table; and the terms of Logboek Dataverwerkingen.

use std::io::{BufRead, Write};

use anyhow::{Context as _, Result, bail};
use audit::{
    Cosigner, ExportVerifier, ExportedEntry, LeafHash, Origin, SignedCheckpoint, TreeHash, Verified, Wrong,
};
use control::{LogLine, LogState};
use crypto::VerifyingKey;
use domain::{NetworkId, Oin};
use roster::VerifiedRoster;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::line::Readable;

/// Longest line of a file that is verified, in bytes: the head of a log of a hundred million entries.
const MAX_LINE_BYTES: u64 = 32 << 20;

/// What a file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// JSON Lines: everything that is needed to verify it on another machine.
    Jsonl,
    /// A table, for a spreadsheet. Cannot be verified.
    Csv,
    /// One object a line in the terms of Logboek Dataverwerkingen, without who acted. Cannot be verified.
    Logboek,
}

/// The first line of a file of JSON Lines.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// Version of the file's format.
    samenhang_log: u32,
    /// The network, in hexadecimal.
    netwerk: String,
    /// The organisation's number.
    oin: String,
    /// The signed note.
    checkpoint: String,
    /// The key that signed it, in hexadecimal.
    sleutel: String,
    /// Whether it says whom entries are about.
    gegevens: bool,
    /// Hashes of the whole blocks.
    blokken: Vec<String>,
    /// The generation of the log, where it is not the first.
    #[serde(default)]
    generatie: u32,
    /// The newest checkpoint that enough witnesses cosigned, with their signatures.
    #[serde(default)]
    meegetekend: Option<String>,
    /// The witnesses that the roster names.
    #[serde(default)]
    getuigen: Vec<Witness>,
    /// How many of them must cosign.
    #[serde(default)]
    nodig: usize,
}

/// A witness of the log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Witness {
    oin: String,
    /// Its key, in hexadecimal.
    sleutel: String,
}

const FORMAT: u32 = 1;

/// Columns of the table.
const COLUMNS: [&str; 12] = [
    "plaats",
    "tijd",
    "soort",
    "rol",
    "handelende",
    "gezin",
    "afdeling",
    "grondslag",
    "kringen",
    "organisatie",
    "uitkomst",
    "blad",
];

/// Writes a file, entry by entry.
pub(crate) enum Exporter<W: Write> {
    Jsonl(W),
    Csv(Box<csv::Writer<W>>),
    Logboek { out: W, oin: String },
}

impl<W: Write> Exporter<W> {
    /// Begins with the head.
    pub(crate) fn begin(
        mut out: W,
        format: ExportFormat,
        (state, with_details): (&LogState, bool),
        roster: &VerifiedRoster,
        oin: Oin,
    ) -> Result<Self> {
        Ok(match format {
            ExportFormat::Jsonl => {
                let policy = roster.witness_policy(&oin);
                let head = Head {
                    samenhang_log: FORMAT,
                    netwerk: hex::encode(roster.network().as_bytes()),
                    oin: oin.to_string(),
                    checkpoint: state.checkpoint.clone(),
                    sleutel: state.key.clone(),
                    gegevens: with_details,
                    blokken: state.blocks.clone(),
                    generatie: state.generation,
                    meegetekend: state.cosigned.clone(),
                    getuigen: policy
                        .witnesses
                        .iter()
                        .map(|(witness, key)| Witness {
                            oin: witness.to_string(),
                            sleutel: hex::encode(key.as_bytes()),
                        })
                        .collect(),
                    nodig: policy.needed,
                };
                writeln!(out, "{}", serde_json::to_string(&head)?)?;
                Self::Jsonl(out)
            }
            ExportFormat::Csv => {
                let mut table = csv::WriterBuilder::new().delimiter(b';').from_writer(out);
                table.write_record(COLUMNS)?;
                Self::Csv(Box::new(table))
            }
            ExportFormat::Logboek => Self::Logboek { out, oin: oin.to_string() },
        })
    }

    /// Writes an entry.
    pub(crate) fn write(&mut self, line: &LogLine) -> Result<()> {
        let readable = Readable::of(line)?;
        match self {
            Self::Jsonl(out) => writeln!(out, "{}", serde_json::to_string(&readable)?)?,
            Self::Csv(table) => table.write_record(row(&readable))?,
            Self::Logboek { out, oin } => {
                if let Some(object) = in_logboek_terms(&readable, oin) {
                    writeln!(out, "{object}")?;
                }
            }
        }
        Ok(())
    }

    /// Ends, with everything written.
    pub(crate) fn finish(self) -> Result<W> {
        match self {
            Self::Jsonl(mut out) | Self::Logboek { mut out, .. } => {
                out.flush()?;
                Ok(out)
            }
            Self::Csv(table) => table.into_inner().map_err(|error| anyhow::anyhow!("{}", error.error())),
        }
    }
}

fn row(line: &Readable) -> [String; 12] {
    let text = |text: &Option<String>| cell(text.clone().unwrap_or_default());
    [
        line.plaats.to_string(),
        text(&line.tijd),
        text(&line.soort),
        text(&line.rol),
        text(&line.handelende),
        text(&line.gezin),
        text(&line.afdeling),
        text(&line.grondslag),
        line.kringen.join(" "),
        text(&line.organisatie),
        text(&line.uitkomst),
        line.blad.clone(),
    ]
}

/// A spreadsheet takes what begins like this for a formula.
fn cell(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// What the standard asks of a processing: no identity of whoever acted. What was erased has none of it.
fn in_logboek_terms(line: &Readable, oin: &str) -> Option<serde_json::Value> {
    let (time, name) = (line.tijd.as_ref()?, line.soort.as_ref()?);
    let mut attributes = serde_json::Map::new();
    if let Some(circle) = line.kringen.first() {
        attributes.insert("dpl.core.processing_activity_id".to_owned(), json!(circle));
    }
    if let Some(family) = &line.gezin {
        attributes.insert("dpl.core.data_subject_id".to_owned(), json!(family));
        attributes.insert("dpl.core.data_subject_id_type".to_owned(), json!("gezin"));
    }
    let status = if name == "weigering" { "STATUS_CODE_ERROR" } else { "STATUS_CODE_OK" };
    Some(json!({
        "trace_id": line.blad.get(..32)?,
        "span_id": line.blad.get(32..48)?,
        "status_code": status,
        "name": name,
        "start_time": time,
        "end_time": time,
        "resource": { "name": format!("samenhang/{oin}"), "version": env!("CARGO_PKG_VERSION") },
        "attributes": attributes,
    }))
}

/// What verifying a file found.
#[derive(Debug)]
pub(crate) struct VerifiedFile {
    /// Whose log it is.
    pub(crate) oin: Oin,
    /// The key that signed its checkpoint, in hexadecimal.
    pub(crate) key: String,
    /// Whether it says whom entries are about.
    pub(crate) with_details: bool,
    /// What was found.
    pub(crate) verified: Verified,
    /// What witnesses cosigned of it.
    pub(crate) cosigned: Option<Cosigned>,
}

/// What witnesses cosigned of a log, by the keys that stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cosigned {
    /// How many entries.
    pub(crate) entries: u64,
    /// How many witnesses did.
    pub(crate) by: usize,
    /// Of how many.
    pub(crate) witnesses: usize,
    /// How many must.
    pub(crate) needed: usize,
}

/// Verifies a file of JSON Lines; with `key`, that this key signed it.
///
/// # Errors
/// When it is no such file, or its checkpoint is not signed by the key. Whatever is wrong with entries is a result.
pub(crate) fn verify_file(mut file: impl BufRead, key: Option<&VerifyingKey>) -> Result<VerifiedFile> {
    let head = line(&mut file)?.context("the file is empty")?;
    let not_ours = "the file does not begin like a log that `samenhang audit export` wrote in JSON Lines";
    let head: Head = serde_json::from_str(&head).context(not_ours)?;
    if head.samenhang_log != FORMAT {
        bail!("the file has format {}, and this program knows format {FORMAT}", head.samenhang_log);
    }
    let signer = VerifyingKey::from_bytes(fixed(&head.sleutel).context(not_ours)?);
    if key.is_some_and(|key| *key != signer) {
        bail!("the checkpoint was signed by another key than the one given");
    }
    let oin: Oin = head.oin.parse().context(not_ours)?;
    let network = NetworkId::from_bytes(fixed(&head.netwerk).context(not_ours)?);
    let origin = Origin::main_log_generation(network, oin, head.generatie);
    let signed = SignedCheckpoint::verify(head.checkpoint.as_bytes(), &origin, &signer)?;
    let blocks = head.blokken.iter().map(|block| fixed(block).map(TreeHash::from_bytes));
    let blocks = blocks.collect::<Result<Vec<_>>>().context(not_ours)?;
    let mut verifier = ExportVerifier::new(signed.checkpoint().clone(), blocks, head.gegevens);
    let mut cosigned = None;
    if let Some(note) = &head.meegetekend {
        let note = SignedCheckpoint::verify(note.as_bytes(), &origin, &signer)
            .context("what witnesses cosigned is not of this log, or not signed by its key")?;
        let (entries, root) = (note.checkpoint().size, note.checkpoint().root);
        verifier = verifier.cosigned(entries, root);
        let mut by = 0;
        for witness in &head.getuigen {
            let key = VerifyingKey::from_bytes(fixed(&witness.sleutel).context(not_ours)?);
            let cosigner = Cosigner::new(network, witness.oin.parse().context(not_ours)?, key);
            by += usize::from(note.cosignature_of(&cosigner).is_ok());
        }
        cosigned = Some(Cosigned { entries, by, witnesses: head.getuigen.len(), needed: head.nodig });
    }
    let verified = verify(&mut file, verifier)?;
    Ok(VerifiedFile { oin, key: head.sleutel, with_details: head.gegevens, verified, cosigned })
}

fn verify(file: &mut impl BufRead, mut verifier: ExportVerifier) -> Result<Verified> {
    let mut first_told_otherwise = None;
    let mut number = 0_u64;
    while let Some(text) = line(file)? {
        let unreadable = || format!("line {} of the file cannot be read", number + 2);
        let told: Readable = serde_json::from_str(&text).with_context(unreadable)?;
        let exported = told.line();
        let decode = |text: &Option<String>| text.as_ref().map(hex::decode).transpose();
        let entry = decode(&exported.entry).with_context(unreadable)?;
        let details = decode(&exported.details).with_context(unreadable)?;
        let sound = verifier.next(ExportedEntry {
            place: exported.place,
            leaf: LeafHash::from_bytes(fixed(&exported.leaf).with_context(unreadable)?),
            entry: entry.as_deref(),
            details: details.as_deref(),
        });
        // What people read must be what was logged.
        let says_so = Readable::of(&exported).is_ok_and(|meant| meant == told);
        if !says_so && (sound.is_some() || entry.is_none()) {
            first_told_otherwise.get_or_insert(number);
        }
        number += 1;
    }
    let mut verified = verifier.finish();
    if let Some(place) = first_told_otherwise {
        verified.also(Wrong::Entry(place));
    }
    Ok(verified)
}

/// The next line; `None` at the end.
fn line(file: &mut impl BufRead) -> Result<Option<String>> {
    let mut text = String::new();
    let read = std::io::Read::take(&mut *file, MAX_LINE_BYTES).read_line(&mut text);
    match read.context("the file cannot be read")? {
        0 => Ok(None),
        _ if text.ends_with('\n') => Ok(Some(text)),
        _ => bail!("a line of the file is cut off, or longer than any that was written"),
    }
}

fn fixed(text: &str) -> Result<[u8; 32]> {
    <[u8; 32]>::try_from(hex::decode(text)?).map_err(|_| anyhow::anyhow!("not 32 bytes"))
}
