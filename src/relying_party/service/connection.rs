//! Connections: accepted one by one, with deadlines for each.

use super::limits::{HEAD_BYTES, HEADERS, Limits};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How long to wait when the operating system accepts no connection, such as for want of files.
const BREATH: Duration = Duration::from_millis(100);

/// How long a connection has to finish its request when its time is up.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Accepts connections for ever.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    places: Arc<Semaphore>,
    limits: Limits,
) {
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    serve(stream, router, limits).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
}

/// Serves one connection to its end. What goes wrong on it concerns nobody else.
async fn serve(stream: TcpStream, router: Router, limits: Limits) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    if tokio::time::timeout(limits.connection, connection.as_mut()).await.is_ok() {
        return;
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(LAST_WORDS, connection).await;
}
