//! From the first signal to the end of the process.
//!
//! First `/readyz` is red while everything is served as before, for those who still send requests here; then nobody may
//! connect, and what is under way is finished; then it is over, whatever is left.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot::{Receiver, Sender};
use tokio::time::sleep;

use crate::cli::output;
use crate::http::Draining;

/// How long requests may take to finish once nobody may connect any more.
const GRACE: Duration = Duration::from_secs(30);

/// Completes when nobody may connect any more, and says so to `stopping`.
pub(super) async fn drained(
    first: impl Future<Output = ()>,
    draining: Draining,
    delay: Option<Duration>,
    stopping: Sender<()>,
) {
    first.await;
    draining.begin();
    if let Some(delay) = delay {
        output::error("draining: `/readyz` asks for no more requests; once more to stop now\n");
        sleep_or_signal(delay).await;
    }
    output::error("stopping: requests under way are finished; once more to stop at once\n");
    let _ = stopping.send(());
}

/// Completes when what is under way has had its time.
pub(super) async fn out_of_grace(stopping: Receiver<()>) {
    // Never said if the server ends by itself; then that is the end.
    if stopping.await.is_err() {
        return std::future::pending().await;
    }
    sleep_or_signal(GRACE).await;
}

async fn sleep_or_signal(time: Duration) {
    // Asked for only now: a signal ends every wait that it finds.
    match stop_signal() {
        Ok(again) => tokio::select! {
            () = sleep(time) => {}
            () = again => {}
        },
        Err(_) => sleep(time).await,
    }
}

/// Completes when the process is asked to stop.
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
