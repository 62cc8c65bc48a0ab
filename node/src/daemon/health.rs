//! Health and metrics over HTTP, for the machine's own monitoring. Counts and states only.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use control::StatusLine;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Desk, metrics};
use crate::disk::Room;

/// Connections served at once; the next ones wait in the kernel's queue. A machine has a handful of monitors.
const MAX_CONNECTIONS: usize = 32;

/// How long a client may take to ask. A monitor asks at once.
const HEADER_PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection lasts, question and answer together: the status of a busy node, and its way out.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(45);

/// Longest request, path and headers together: the least that the HTTP library allows, and plenty.
const MAX_REQUEST_BYTES: usize = 8 << 10;

/// Most headers of a request.
const MAX_HEADERS: usize = 32;

/// A bound endpoint.
pub(super) struct Health {
    listener: TcpListener,
    /// Where it listens, with the port that the system chose.
    pub(super) address: SocketAddr,
}

/// What the routes look at.
#[derive(Clone)]
struct View {
    desk: Arc<Desk>,
    data_folder: Arc<PathBuf>,
}

impl Health {
    /// Binds, and writes the address to `file` for whoever looks for it.
    pub(super) async fn open(address: SocketAddr, file: &Path) -> Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!(
                "cannot serve health and metrics on {address}; choose a free address as health.listen in the \
                 configuration, port 0 for any, or set health.enabled = false"
            )
        })?;
        let address = listener.local_addr()?;
        let temporary = file.with_extension("addr.new");
        fs::write(&temporary, format!("{address}\n"))
            .and_then(|()| fs::rename(&temporary, file))
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { listener, address })
    }

    /// Serves until it is dropped, and with it every connection.
    pub(super) async fn serve(self, desk: Arc<Desk>, data_folder: &Path) {
        let routes = Router::new()
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .route("/metrics", get(all_metrics))
            .with_state(View { desk, data_folder: Arc::new(data_folder.to_owned()) });
        let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            // First a seat, then a guest: who comes when all are taken waits outside.
            let seat = Arc::clone(&seats).acquire_owned().await.expect("the seats are never taken away");
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let routes = routes.clone();
                    connections.spawn(async move {
                        converse(stream, routes).await;
                        drop(seat);
                    });
                }
                Err(error) => {
                    // Out of file descriptors, for instance: others may give some back in a moment.
                    tracing::warn!(%error, "a connection for health or metrics could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// One request and its answer. Monitors ask seldom, so a connection is not kept for the next question.
async fn converse(stream: TcpStream, routes: Router) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .max_buf_size(MAX_REQUEST_BYTES)
        .max_headers(MAX_HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    // A client that is slow, silent or gone is its own affair.
    let _ended = tokio::time::timeout(CONNECTION_PATIENCE, served).await;
}

/// How long the node may take to say how it is. A large import keeps its event loop for seconds.
const PATIENCE: Duration = Duration::from_secs(30);

async fn status(desk: &Desk) -> Result<StatusLine> {
    tokio::time::timeout(PATIENCE, desk.status()).await.context("the node does not answer")?
}

/// Whether the process is worth keeping: it answers, and its event loop does.
async fn live(State(view): State<View>) -> impl IntoResponse {
    match status(&view.desk).await {
        Ok(_) => (StatusCode::OK, "live\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")),
    }
}

/// Whether it takes signals and questions.
async fn ready(State(view): State<View>) -> impl IntoResponse {
    match status(&view.desk).await {
        Ok(status) if status.is_ready() => (StatusCode::OK, "ready\n".to_owned()),
        Ok(status) => {
            let why = status.messages.join("; ");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{}: {why}\n", status.phase.words()))
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")),
    }
}

async fn all_metrics(State(view): State<View>) -> impl IntoResponse {
    match status(&view.desk).await {
        Ok(status) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            // A disk that cannot be looked at has no figures; the alarm on missing figures is the monitor's.
            let room = Room::under(&view.data_folder).ok();
            (kind, metrics::text(&status, room)).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")).into_response(),
    }
}
