//! `samenhang init`: data folder, keys, join request.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use crypto::{Signed, TypeName};
use roster::{Fingerprint, JoinRequest};
use serde::Serialize;
use store::Store;

use super::output;
use super::target::Target;
use crate::config::{Config, find_passphrase, storage_secret};
use crate::daemon::rotate;
use crate::departure;
use crate::exit::Exit;
use crate::runtime::{NodeSecrets, now};

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct InitArguments {
    #[command(flatten)]
    target: Target,

    /// Make new keys for an organisation that is a member: those in use may be in wrong hands, or are old.
    ///
    /// The join request then holds the new keys. The node goes on with the old ones until a roster names the new, takes
    /// them in use by itself, and destroys the old. Given again, the same new keys are asked for.
    #[arg(long)]
    rotate_keys: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Made {
    oin: String,
    join_request: String,
    fingerprint: String,
}

/// Makes what is not there yet. Run again with the same configuration it changes nothing.
pub(super) fn run(arguments: &InitArguments) -> Result<Exit> {
    let config = Config::read(&arguments.target.config)?;
    departure::refuse_after(&config.data_folder)?;
    let secret = storage_secret(&config.data_folder, &find_passphrase(&config)?)?;
    let mut store = Store::open(&config.data_folder, &secret)?;
    rotate(&mut store, config.oin, &config.roster_folder())?;
    let (present, path) = (NodeSecrets::of(&mut store)?, config.join_file());
    let secrets = if arguments.rotate_keys {
        if !path.exists() {
            bail!(
                "{} holds no node whose keys could be replaced; leave --rotate-keys out",
                config.data_folder.display()
            );
        }
        NodeSecrets::make_next(&mut store)?
    } else {
        NodeSecrets::next(&store)?.unwrap_or(present)
    };
    let (request, was_there) = join_request(&config, &secrets)?;
    let fingerprint = Fingerprint::from(&request);
    let path = path.display().to_string();
    if arguments.json {
        let made =
            Made { oin: config.oin.to_string(), join_request: path, fingerprint: fingerprint.to_string() };
        output::json(&made)?;
        return Ok(Exit::Ok);
    }
    output::line(&format!("Join request of {} ({})", config.name, config.oin))?;
    output::line(&format!("  file         {path}"))?;
    output::line(&format!("  fingerprint  {fingerprint}"))?;
    output::line("")?;
    output::line(if arguments.rotate_keys {
        "Send the file to a governor, who drafts a version with the new keys (roster add-member --update), and read the \
         fingerprint aloud over the telephone. Start the node again: it works with the old keys until that version is in \
         force, and then takes the new ones by itself."
    } else if was_there {
        "Nothing was changed: the keys and the join request were made before."
    } else {
        "Send the file to a governor of the network and read the fingerprint aloud over the telephone, on a number \
         that the governor knows from elsewhere. Install the roster that comes back, then start the node with \
         `samenhang run`."
    })?;
    Ok(Exit::Ok)
}

/// The join request that lies in the data folder, made unless it was there and asks the same.
pub(super) fn join_request(config: &Config, secrets: &NodeSecrets) -> Result<(Signed<JoinRequest>, bool)> {
    let path = config.join_file();
    Ok(match held(&path)? {
        Some(held) if asks_the_same(held.document(), config, secrets) => (held, true),
        Some(_) | None => (make(&path, config, secrets)?, false),
    })
}

/// The request of an earlier run. One that cannot be read any more is made again: it holds nothing of its own.
fn held(path: &Path) -> Result<Option<Signed<JoinRequest>>> {
    match fs::read(path) {
        Ok(wire) => Ok(JoinRequest::read(&wire).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Whether the request asks what the configuration says, whenever it was made.
fn asks_the_same(held: &JoinRequest, config: &Config, secrets: &NodeSecrets) -> bool {
    *held == JoinRequest { time: held.time, ..request(config, secrets) }
}

fn request(config: &Config, secrets: &NodeSecrets) -> JoinRequest {
    let keys = secrets.member_keys();
    JoinRequest {
        kind: TypeName::new(),
        oin: config.oin,
        name: config.name.to_string(),
        sector: config.sector.clone(),
        working_area: config.working_area.to_string(),
        bsn_entitled: config.bsn_entitled,
        organisation_key: keys.organisation,
        node_key: keys.node,
        addresses: config.advertise.iter().map(ToString::to_string).collect(),
        contact_point: config.contact_point.to_string(),
        time: now(),
        relay: config.relay,
        log_key: keys.log,
        cosignature_key: keys.cosignature,
        privacy_officer_key: config.privacy_officer_key,
        fg_key: config.fg_key,
    }
}

fn make(path: &Path, config: &Config, secrets: &NodeSecrets) -> Result<Signed<JoinRequest>> {
    let signed = request(config, secrets).sign(&secrets.organisation_key())?;
    let temporary = path.with_extension("join.new");
    File::create(&temporary)
        .and_then(|mut file| file.write_all(&signed.to_wire()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("cannot write {}; check that the disk has space", path.display()))?;
    Ok(signed)
}
