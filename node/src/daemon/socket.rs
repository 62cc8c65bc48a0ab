//! The control socket: only the own user may connect, and only so many at once.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use control::{Problem, ProblemKind, Response, write_line};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Desk, serve};

/// Clients served at once; the next one is told to try again. A node has few users, and each holds memory.
const MAX_CLIENTS: usize = 16;

/// A listening socket, removed when dropped.
pub(super) struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
    /// The user who may connect: the one this process runs as, who made the socket.
    uid: u32,
}

impl ControlSocket {
    /// Listens. The caller holds the folder's lock, so a socket that lies there belongs to a process that is gone.
    pub(super) fn open(path: &Path) -> Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot remove the old socket {}", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
        let opened = || -> io::Result<Self> {
            let listener = UnixListener::bind(path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            let uid = fs::metadata(path)?.uid();
            Ok(Self { path: path.to_owned(), listener, uid })
        };
        opened().with_context(|| {
            format!(
                "cannot listen on the control socket {}; check that the folder belongs to this user and that the path \
                 is shorter than 100 characters",
                path.display()
            )
        })
    }

    /// Serves clients until it is dropped, and with it every conversation.
    pub(super) async fn serve(&self, desk: Arc<Desk>) {
        let seats = Arc::new(Semaphore::new(MAX_CLIENTS));
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => self.admit(stream, &desk, &seats, &mut clients),
                    Err(error) => {
                        // Out of file descriptors, for instance: others may give some back in a moment.
                        tracing::warn!(%error, "a client of the control socket could not be accepted");
                        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    }
                },
                Some(_ended) = clients.join_next() => {}
            }
        }
    }

    fn admit(&self, stream: UnixStream, desk: &Arc<Desk>, seats: &Arc<Semaphore>, clients: &mut JoinSet<()>) {
        if !is_of_user(&stream, self.uid) {
            return;
        }
        if let Ok(seat) = Arc::clone(seats).try_acquire_owned() {
            let desk = Arc::clone(desk);
            clients.spawn(async move {
                serve(stream, desk).await;
                drop(seat);
            });
        } else if clients.len() < 2 * MAX_CLIENTS {
            clients.spawn(turn_away(stream));
        }
    }
}

/// Whether a client is a process of this user, as the kernel tells; anybody else is logged.
fn is_of_user(stream: &UnixStream, uid: u32) -> bool {
    match stream.peer_cred() {
        Ok(peer) if peer.uid() == uid => true,
        Ok(peer) => {
            tracing::warn!(uid = peer.uid(), "another user was refused at the control socket");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "a client of the control socket could not be identified");
            false
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // Gone already, or the next start removes it.
        let _left = fs::remove_file(&self.path);
    }
}

async fn turn_away(mut stream: UnixStream) {
    let message = format!("{MAX_CLIENTS} commands are at work at this node; try again when one has ended");
    let busy = Response::Refused(Problem::new(ProblemKind::NotNow, message));
    // The client may have gone.
    let _unheard =
        tokio::time::timeout(std::time::Duration::from_secs(5), write_line(&mut stream, &busy)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_of_another_user_is_told_from_one_of_the_own() {
        let folder = tempfile::tempdir().unwrap();
        let own = fs::metadata(folder.path()).unwrap().uid();
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(is_of_user(&one, own));
        assert!(!is_of_user(&one, own.wrapping_add(1)));
    }
}
