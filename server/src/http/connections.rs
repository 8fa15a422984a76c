//! Connections: so many at a time, none for longer than its client is worth, and all of them let go of at the end.
//!
//! In: a listener, the service, and the threads that answer. Out: nothing, once the last connection is closed. Called by
//! `serve`; `axum::serve` does the same without a bound to time or number.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::workers::Workers;

/// The largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// How long to wait for a file descriptor when there is none for another connection.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// What a connection may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many there are at the same time; others wait in the operating system.
    pub connections: usize,
    /// How long a client may take to send a whole head, or to send nothing before one, or to take nothing of an answer.
    pub idle: Duration,
}

/// Serves until `stop` completes, then finishes the requests that are under way.
///
/// One listener accepts for all threads: so each gets its share of connections, and no other process gets any, which a
/// port that several listeners share cannot promise.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    workers: &Workers,
    stop: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(bounds.idle).max_buf_size(MAX_HEAD_BYTES);
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let (router, server, watcher) = (router.clone(), server.clone(), graceful.watcher());
        workers.drive(async move {
            // From here on the events of its socket come to this thread.
            let stream = match stream.into_std().and_then(TcpStream::from_std) {
                Ok(stream) => stream,
                Err(error) => return tracing::warn!(%error, "a connection cannot be waited for"),
            };
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(bounds.idle));
            let service = service_fn(move |request: Request<Incoming>| {
                let router = router.clone();
                async move {
                    if !reads_one_way(request.version(), request.headers()) {
                        return Ok(refused());
                    }
                    let mut request = request.map(Body::new);
                    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
                    router.oneshot(request).await
                }
            });
            let connection = server.serve_connection(TokioIo::new(Box::pin(stream)), service);
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "a connection broke off");
            }
            drop(place);
        });
    }
    // Nobody may connect while what is under way is finished.
    drop(listener);
    graceful.shutdown().await;
}

/// Whether no other reader, such as a proxy, could take the head of a request otherwise: where it is meant to go, and where
/// its body ends (RFC 9112, 3.2 and 6.1). What is not even a head is refused before, likewise.
fn reads_one_way(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let goes_one_way = match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
    };
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let ends_one_way = match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    goes_one_way && ends_one_way
}

/// Whether a header names a host, with its port or without.
fn is_host(host: &HeaderValue) -> bool {
    let bytes = host.as_bytes();
    // Who asks for an address without a host has nothing to name.
    bytes.is_empty() || !bytes.contains(&b'@') && Authority::try_from(bytes).is_ok()
}

/// The answer to what cannot be read at all, by whoever finds out: nothing that follows is taken for a request.
fn refused() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The next connection, once there is room for it.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, Place) {
    let place = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small and whole: nothing is gained by waiting for more.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps its delay");
                }
                return (stream, peer, place);
            }
            Err(error) if is_of_client(error.kind()) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

/// A connection's share of the room; the semaphore is never closed, so there always is one.
type Place = Option<OwnedSemaphorePermit>;

/// Whether it is the client that went away before it was accepted.
fn is_of_client(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}
