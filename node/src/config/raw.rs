//! The file as it is written, before its values are checked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crypto::SealingPublicKey;
use domain::PlainText;
use network::Limits;
use serde::Deserialize;
use store::StoreOptions;
use toml::de::DeTable;

use super::audit::RawAudit;
use super::keys::{Table, told, unknown};
use super::units::RawUnits;
use crate::runtime::{Accounting, USUAL_DAYS};

use super::{Config, DEFAULT_HEALTH, DEFAULT_LOG, LogFormat};

/// A terabyte: what exceeds it is meant in other units.
const MOST_CACHE_MEBIBYTES: u64 = 1 << 20;

/// Days within which persons are told at the latest: the law says a month (AVG 14), safety may ask for more.
const MOST_DAYS: u16 = 365;

const ROOT: Table = Table {
    shown: "the file",
    keys: &["organisation", "node", "log", "health", "units", "audit", "rights"],
    tables: &[
        ("organisation", ORGANISATION),
        ("node", NODE),
        ("log", LOG),
        ("health", HEALTH),
        ("units", UNITS),
        ("audit", AUDIT),
        ("rights", RIGHTS),
    ],
};
const ORGANISATION: Table = Table {
    shown: "[organisation]",
    keys: &[
        "oin",
        "name",
        "sector",
        "working_area",
        "contact_point",
        "bsn_entitled",
        "privacy_officer_key",
        "fg_key",
    ],
    tables: &[],
};
const NODE: Table = Table {
    shown: "[node]",
    keys: &[
        "data_folder",
        "listen",
        "advertise",
        "quic",
        "relay",
        "relay_circuits",
        "passphrase_file",
        "store_cache_mebibytes",
    ],
    tables: &[],
};
const LOG: Table = Table { shown: "[log]", keys: &["filter", "format"], tables: &[] };
const HEALTH: Table = Table { shown: "[health]", keys: &["enabled", "listen"], tables: &[] };
const AUDIT: Table =
    Table { shown: "[audit]", keys: &["retention_months", "retention_months_by_kind"], tables: &[] };
const RIGHTS: Table = Table { shown: "[rights]", keys: &["inform_within_days"], tables: &[] };
const UNITS: Table = Table { shown: "[units]", keys: &["names", "open"], tables: &[("open", UNITS_OPEN)] };
const UNITS_OPEN: Table = Table { shown: "[[units.open]]", keys: &["publisher", "readers"], tables: &[] };

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    organisation: Organisation,
    node: Node,
    #[serde(default)]
    log: Log,
    #[serde(default)]
    health: Health,
    #[serde(default)]
    units: RawUnits,
    #[serde(default)]
    audit: RawAudit,
    #[serde(default)]
    rights: Rights,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Organisation {
    oin: String,
    name: String,
    sector: String,
    working_area: String,
    contact_point: String,
    bsn_entitled: bool,
    privacy_officer_key: Option<String>,
    fg_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    data_folder: PathBuf,
    listen: Vec<String>,
    advertise: Option<Vec<String>>,
    quic: Option<bool>,
    relay: Option<bool>,
    relay_circuits: Option<usize>,
    passphrase_file: Option<PathBuf>,
    store_cache_mebibytes: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Log {
    filter: Option<String>,
    format: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Health {
    enabled: Option<bool>,
    listen: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Rights {
    inform_within_days: Option<u16>,
}

/// Reads the text; the values stay unchecked.
pub(super) fn parse(text: &str) -> Result<Raw, Vec<String>> {
    let refused = |error: toml::de::Error| vec![told(text, error.span(), error.message())];
    let parsed = DeTable::parse(text).map_err(refused)?;
    let mut flaws = Vec::new();
    unknown(parsed.get_ref(), &ROOT, &mut flaws);
    if !flaws.is_empty() {
        flaws.sort_by_key(|(span, _)| span.start);
        return Err(flaws.into_iter().map(|(span, flaw)| told(text, Some(span), &flaw)).collect());
    }
    toml::from_str(text).map_err(refused)
}

impl Raw {
    /// Checks every value and tells all that is wrong at once.
    pub(super) fn checked(self, folder: &Path) -> Result<Config, Vec<String>> {
        let mut flaws = Flaws::default();
        let Self { organisation, node, log, health, units, audit, rights } = self;
        let oin = flaws.take("organisation.oin", organisation.oin.parse());
        let sector = flaws.take("organisation.sector", organisation.sector.parse());
        let mut text = |key, text: &str| flaws.take(key, PlainText::new("text", text));
        let name = text("organisation.name", &organisation.name);
        let working_area = text("organisation.working_area", &organisation.working_area);
        let contact_point = text("organisation.contact_point", &organisation.contact_point);
        let privacy_officer_key = flaws
            .sealing_key("organisation.privacy_officer_key", organisation.privacy_officer_key.as_deref());
        let fg_key = flaws.sealing_key("organisation.fg_key", organisation.fg_key.as_deref());
        if fg_key.is_some() && fg_key == privacy_officer_key {
            flaws.0.push(
                "organisation.fg_key: the FG supervises the privacy officer; give each a key of their own"
                    .to_owned(),
            );
        }
        let listen = flaws.addresses("node.listen", &node.listen);
        let advertise = match &node.advertise {
            Some(given) => flaws.addresses("node.advertise", given),
            None => listen.clone(),
        };
        if advertise.iter().any(|address| address.ip().is_unspecified() || address.port() == 0) {
            flaws.0.push(
                "node.advertise: others cannot dial 0.0.0.0, [::] or port 0; list the addresses and ports at which \
                 other organisations reach this node"
                    .to_owned(),
            );
        }
        let relay = node.relay.unwrap_or(false);
        if node.advertise.as_ref().is_some_and(Vec::is_empty) && !node.listen.is_empty() {
            flaws.0.push(
                "node.advertise: empty, so nobody could dial this node although it listens; list the addresses at which \
                 other organisations reach it, or write listen = [] for a node that others reach through relays"
                    .to_owned(),
            );
        }
        if listen.is_empty() && node.listen.is_empty() && !advertise.is_empty() {
            flaws.0.push(
                "node.advertise: with listen = [] nobody can dial this node; leave advertise out, and others reach it \
                 through relays"
                    .to_owned(),
            );
        } else if relay && advertise.is_empty() && flaws.0.is_empty() {
            flaws.0.push(
                "node.relay: a relay must be dialled by others; name where it listens and where they reach it, or \
                 leave relay out"
                    .to_owned(),
            );
        }
        if node.relay_circuits == Some(0) {
            flaws.0.push("node.relay_circuits: 0; at least one, or relay = false".to_owned());
        }
        let store_cache_bytes =
            node.store_cache_mebibytes.map_or(Some(StoreOptions::DEFAULT_CACHE_BYTES), |given| {
                (1..=MOST_CACHE_MEBIBYTES).contains(&given).then_some(given << 20)
            });
        if store_cache_bytes.is_none() {
            flaws.0.push(format!("node.store_cache_mebibytes: 1 to {MOST_CACHE_MEBIBYTES}"));
        }
        if node.data_folder.as_os_str().is_empty() {
            flaws.0.push("node.data_folder: empty; name a folder that only this user may read".to_owned());
        }
        let log_format = match log.format.as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(_) => {
                flaws.0.push("log.format: expected \"text\" or \"json\"".to_owned());
                LogFormat::Text
            }
        };
        let log_filter = log.filter.unwrap_or_else(|| DEFAULT_LOG.to_owned());
        if tracing_subscriber::EnvFilter::try_new(&log_filter).is_err() {
            flaws.0.push(
                "log.filter: expected error, warn, info, debug or trace, also per part (\"warn,network=debug\")"
                    .to_owned(),
            );
        }
        let health_listen = health.listen.unwrap_or_else(|| DEFAULT_HEALTH.to_owned());
        let health_listen = flaws.addresses("health.listen", &[health_listen]).first().copied();
        let units = units.checked(&mut flaws.0);
        let retention = audit.checked(&mut flaws.0);
        let inform_within_days = rights.inform_within_days.unwrap_or(USUAL_DAYS);
        if !(1..=MOST_DAYS).contains(&inform_within_days) {
            flaws.0.push(format!("rights.inform_within_days: expected 1 to {MOST_DAYS} days"));
        }
        let (Some(oin), Some(sector), Some(name), Some(working_area), Some(contact_point)) =
            (oin, sector, name, working_area, contact_point)
        else {
            return Err(flaws.0);
        };
        if !flaws.0.is_empty() {
            return Err(flaws.0);
        }
        Ok(Config {
            oin,
            name,
            sector,
            working_area,
            contact_point,
            privacy_officer_key,
            fg_key,
            bsn_entitled: organisation.bsn_entitled,
            data_folder: folder.join(node.data_folder),
            listen,
            quic: node.quic.unwrap_or(true),
            relay,
            relay_circuits: node.relay_circuits.unwrap_or(Limits::DEFAULT_RELAY_CIRCUITS),
            advertise,
            passphrase_file: node.passphrase_file.map(|file| folder.join(file)),
            store_cache_bytes: store_cache_bytes.unwrap_or(StoreOptions::DEFAULT_CACHE_BYTES),
            log_filter,
            log_format,
            health: health_listen.filter(|_| health.enabled != Some(false)),
            units,
            accounting: Accounting { retention, inform_within_days, ..Accounting::default() },
        })
    }
}

/// Everything that is wrong, so that it is mended in one go.
#[derive(Default)]
struct Flaws(Vec<String>);

impl Flaws {
    fn take<T>(&mut self, key: &str, value: Result<T, domain::Invalid>) -> Option<T> {
        value.map_err(|flaw| self.0.push(format!("{key}: {flaw}"))).ok()
    }

    /// A public key of sixty-four hexadecimal digits.
    fn sealing_key(&mut self, key: &str, text: Option<&str>) -> Option<SealingPublicKey> {
        let text = text?;
        let mut bytes = [0; 32];
        if hex::decode_to_slice(text.trim(), &mut bytes).is_err() {
            self.0.push(format!("{key}: expected the public key, sixty-four hexadecimal digits"));
            return None;
        }
        Some(SealingPublicKey::from_bytes(bytes))
    }

    fn addresses(&mut self, key: &str, texts: &[String]) -> Vec<SocketAddr> {
        let mut read = Vec::new();
        for text in texts {
            match text.parse() {
                Ok(address) => read.push(address),
                Err(_) => self.0.push(format!(
                    "{key}: '{}' is no address; write an IP address and a port, such as \"192.0.2.10:7310\"",
                    text.escape_debug()
                )),
            }
        }
        read
    }
}
