//! Starting the program on a data folder, and watching it until it is ready and has answered.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use control::{Client, Reply, Request};
use tokio::net::{UnixDatagram, UnixStream};

use super::folder::Folder;
use crate::bench::memory::now_and_peak_bytes;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often it is looked whether the process still runs.
const LOOK: Duration = Duration::from_millis(50);

/// What one start came to.
#[derive(Debug)]
pub(super) struct Started {
    /// From starting the process until it said that it is ready.
    pub(super) ready: Duration,
    /// From starting the process until it had answered the first question.
    pub(super) answered: Duration,
    /// Memory when it was ready, and the most until then; none where the system does not tell.
    pub(super) at_ready: Option<(u64, u64)>,
    /// The same once the first question was answered.
    pub(super) at_answer: Option<(u64, u64)>,
    /// Organisations that the first own family is known at.
    pub(super) involved: usize,
}

impl Started {
    /// The one in the middle by the time until it was ready.
    pub(super) fn middle(mut starts: Vec<Self>) -> Option<Self> {
        starts.sort_by_key(|start| start.ready);
        let middle = starts.len() / 2;
        starts.into_iter().nth(middle)
    }
}

/// A process that ends with the bench, however that ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to do.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Starts the node of a folder, waits until it is ready, asks it one question, and stops it. The folder is read from the
/// disk, as after the start of a machine.
pub(super) async fn start(program: &Path, folder: &Folder) -> Result<Started> {
    folder.forget_cached()?;
    let notify = folder.notify_socket();
    // Of the start before.
    let _absent = std::fs::remove_file(&notify);
    let socket = UnixDatagram::bind(&notify).context("cannot listen for the node's readiness")?;
    let started = now();
    let child = Command::new(program)
        .args(["run", "--config"])
        .arg(folder.config_file())
        .env("NOTIFY_SOCKET", &notify)
        .env_remove("CREDENTIALS_DIRECTORY")
        .env_remove("SAMENHANG_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    let mut process = Process(child.context("cannot start the program")?);
    wait_until_ready(&socket, &mut process).await?;
    let ready = now() - started;
    let id = process.0.id();
    let at_ready = now_and_peak_bytes(id);
    let stream = UnixStream::connect(folder.config()?.socket()).await?;
    let mut client = Client::new(stream);
    let asked = Request::Who { family: "000000".to_owned() };
    let involved = match client.ask(&asked, drop).await {
        Ok(Reply::Who(answer)) => answer.betrokken.len(),
        // Nothing is registered in an empty folder; that is an answer too.
        Err(control::ClientError::Refused(_)) => 0,
        Ok(_) => bail!("the node replied to another question"),
        Err(error) => return Err(error.into()),
    };
    let answered = now() - started;
    let at_answer = now_and_peak_bytes(id);
    let mut client = Client::new(UnixStream::connect(folder.config()?.socket()).await?);
    client.ask(&Request::Stop, drop).await?;
    let begun = now();
    while process.0.try_wait()?.is_none() {
        if now() - begun > PATIENCE {
            bail!("the node does not stop");
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(Started { ready, answered, at_ready, at_answer, involved })
}

async fn wait_until_ready(socket: &UnixDatagram, process: &mut Process) -> Result<()> {
    let begun = now();
    let mut said = [0; 256];
    loop {
        match tokio::time::timeout(LOOK, socket.recv(&mut said)).await {
            Ok(length) => {
                if said.get(..length?) == Some(b"READY=1".as_slice()) {
                    return Ok(());
                }
            }
            Err(_) => {
                if let Some(status) = process.0.try_wait()? {
                    bail!("the node ended before it was ready: {status}");
                }
                if now() - begun > PATIENCE {
                    bail!("the node does not become ready");
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this is for")]
fn now() -> Instant {
    Instant::now()
}
