//! From the first signal to the end of the process.
//!
//! First `/readyz` is red while everything is served as before, for those who still send requests here; then nobody may
//! connect, and what is under way is finished; then it is over, whatever is left.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot::{Receiver, Sender};
use tokio::time::timeout;

use super::log;
use crate::http::Draining;

/// How long requests may take to finish once nobody may connect any more.
const GRACE: Duration = Duration::from_secs(30);

/// The signals that ask the process to stop, from when this is made on: none is missed between two waits.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// What many servers take for the wish to read their configuration again, and a closed terminal for the end.
    hangup: Signal,
    of_terminal: bool,
}

impl StopSignals {
    /// Those of a server that runs in somebody's terminal, or of one that nobody watches.
    pub(super) fn new(of_terminal: bool) -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            of_terminal,
        })
    }

    async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    if self.of_terminal {
                        return;
                    }
                    log::say("SIGHUP changes nothing: a form is read when its file changes");
                }
            }
        }
    }

    /// Completes with the next signal, or after `time`.
    async fn next_within(&mut self, time: Duration) {
        // Whether it was the one or the other makes no difference.
        let _ = timeout(time, self.next()).await;
    }
}

/// Completes when nobody may connect any more, and hands the signals on.
pub(super) async fn drained(
    mut signals: StopSignals,
    draining: Draining,
    delay: Option<Duration>,
    stopping: Sender<StopSignals>,
) {
    signals.next().await;
    draining.begin();
    if let Some(delay) = delay {
        log::say("draining: `/readyz` asks for no more requests; once more to stop now");
        signals.next_within(delay).await;
    }
    log::say("stopping: requests under way are finished; once more to stop at once");
    let _ = stopping.send(signals);
}

/// Completes when what is under way has had its time.
pub(super) async fn out_of_grace(stopping: Receiver<StopSignals>) {
    match stopping.await {
        Ok(mut signals) => signals.next_within(GRACE).await,
        // Never sent if the server ends by itself; then that is the end.
        Err(_) => std::future::pending().await,
    }
}
