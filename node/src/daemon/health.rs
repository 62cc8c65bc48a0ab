//! Health and metrics over HTTP, for the machine's own monitoring. Counts and states only.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use control::StatusLine;
use tokio::net::TcpListener;

use super::{Desk, metrics};

/// A bound endpoint.
pub(super) struct Health {
    listener: TcpListener,
    /// Where it listens, with the port that the system chose.
    pub(super) address: SocketAddr,
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

    /// Serves until it is dropped.
    pub(super) async fn serve(self, desk: Arc<Desk>) -> std::io::Result<()> {
        let routes = Router::new()
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .route("/metrics", get(all_metrics))
            .with_state(desk);
        axum::serve(self.listener, routes).await
    }
}

/// How long the node may take to say how it is. A large import keeps its event loop for seconds.
const PATIENCE: Duration = Duration::from_secs(30);

async fn status(desk: &Desk) -> Result<StatusLine> {
    tokio::time::timeout(PATIENCE, desk.status()).await.context("the node does not answer")?
}

/// Whether the process is worth keeping: it answers, and its event loop does.
async fn live(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    match status(&desk).await {
        Ok(_) => (StatusCode::OK, "live\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")),
    }
}

/// Whether it takes signals and questions.
async fn ready(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    match status(&desk).await {
        Ok(status) if status.is_ready() => (StatusCode::OK, "ready\n".to_owned()),
        Ok(status) => {
            let why = status.messages.join("; ");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{}: {why}\n", status.phase.words()))
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")),
    }
}

async fn all_metrics(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    match status(&desk).await {
        Ok(status) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (kind, metrics::text(&status)).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")).into_response(),
    }
}
