//! What systemd wants to hear of a service of `Type=notify` (sd_notify(3)): a datagram to a socket that it names.

use std::env;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The node serves requests. A roster may still be awaited: that is for a person to mend, not for a restart.
pub(super) fn ready() {
    tell("READY=1");
}

/// What the node is doing, for `systemctl status`.
pub(super) fn status(words: &str) {
    tell(&format!("STATUS={words}"));
}

/// The node has begun to stop.
pub(super) fn stopping() {
    tell("STOPPING=1");
}

/// Without systemd nobody is told.
fn tell(state: &str) {
    let Some(name) = env::var_os("NOTIFY_SOCKET") else { return };
    let address = match name.as_bytes() {
        [b'@', abstract_name @ ..] => SocketAddr::from_abstract_name(abstract_name),
        _ => SocketAddr::from_pathname(&name),
    };
    let told = address.and_then(|address| {
        let socket = UnixDatagram::unbound()?;
        // A service manager that does not read must not stop the node.
        socket.set_nonblocking(true)?;
        socket.send_to_addr(state.as_bytes(), &address)
    });
    if let Err(error) = told {
        tracing::warn!(%error, "systemd could not be told");
    }
}
