//! File events → [`Registry::reload`].
//!
//! An event says no more than «look again»: what changed is decided by comparing contents. Where events name nothing but
//! files, these are looked at first, and the directory right after. A burst is waited out until the directory is quiet for
//! a moment. A slow poll stands beside the events, for file systems that have none. The quiet time is kept here rather than
//! by a debouncing library because those file events by path, and an overflow of the system's queue has none: it would be
//! lost.
//!
//! What is watched, and what is only glanced at, is in `watches`.

mod watches;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crate::registry::{Registry, Reload, Watched};
use crate::source::SourceError;
use watches::{Changed, Watches};

/// How long nothing must happen before the directory counts as written.
const QUIET: Duration = Duration::from_millis(15);
/// How long a directory that is never quiet is waited for.
const PATIENCE: Duration = Duration::from_millis(60);
/// The time between looks, and between glances, is at least so many times as long as one takes: two percent of a core.
const PAUSE_PER_LOOK: u32 = 50;

/// How changes are noticed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether to listen to the file system.
    pub events: bool,
    /// The time between polls.
    pub poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { events: true, poll: Duration::from_secs(2) }
    }
}

enum Signal {
    LookAgain(Changed),
    Stop,
}

/// Watches until it is dropped.
pub struct Watcher {
    signals: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // The thread is gone already if nobody listens.
        let _ = self.signals.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What `watch` tells of: every reload that changed something, and every look that failed.
pub type Outcome = Result<Reload, SourceError>;

/// Keeps a registry up to date from a thread of its own, and tells of every change.
///
/// # Errors
/// When no thread can be started. Without file events the poll alone does the work.
pub fn watch(
    registry: Arc<Registry>,
    places: &Watched,
    options: Options,
    mut tell: impl FnMut(Outcome) + Send + 'static,
) -> std::io::Result<Watcher> {
    let (signals, received) = mpsc::channel();
    let events = signals.clone();
    let mut watches = Watches::new(registry.configs(), options.events, move |changed| {
        // Nobody listens any more once the watcher stops.
        let _ = events.send(Signal::LookAgain(changed));
    });
    // Watched before this returns: what is written from now on is seen.
    watches.follow(places);
    // The directory may have changed between loading and watching.
    let mut next_poll =
        Instant::now() + look(&registry, &mut watches, &Changed::Anything, options, &mut tell);
    let thread = std::thread::Builder::new().name("formwork-watch".into()).spawn(move || {
        loop {
            let until_poll = next_poll.saturating_duration_since(Instant::now());
            let changed = match received.recv_timeout(until_poll.min(watches.next_glance)) {
                Ok(Signal::LookAgain(changed)) => wait_for_quiet(&received, changed),
                Err(RecvTimeoutError::Timeout) if watches.glance() => {
                    wait_for_quiet(&received, Changed::Anything)
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() < next_poll => continue,
                Err(RecvTimeoutError::Timeout) => Some(Changed::Anything),
                Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => None,
            };
            let Some(changed) = changed else { return };
            next_poll = Instant::now() + look(&registry, &mut watches, &changed, options, &mut tell);
        }
    })?;
    Ok(Watcher { signals, thread: Some(thread) })
}

/// Waits until no event has come for a moment: what has changed by then, or nothing when it is time to stop.
fn wait_for_quiet(received: &Receiver<Signal>, mut changed: Changed) -> Option<Changed> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        match received.recv_timeout(QUIET) {
            Ok(Signal::LookAgain(more)) => changed = changed.and(more),
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    Some(changed)
}

/// Reloads until there is nothing new to watch; how long to wait before the next look.
fn look(
    registry: &Registry,
    watches: &mut Watches,
    changed: &Changed,
    options: Options,
    tell: &mut impl FnMut(Outcome),
) -> Duration {
    let started = Instant::now();
    let mut tried_again = false;
    if let Changed::Files(files) = changed {
        // Whoever waits for these need not wait for the look at all others, which comes next. A panic shows there too.
        let reload = catch_unwind(AssertUnwindSafe(|| registry.reload_files(files, SystemTime::now())));
        if let Ok(Some(reload)) = reload {
            tell(Ok(reload));
        }
    }
    loop {
        // A panic is a defect of ours in one form's build; it must not end the watch over all the others.
        let reload = catch_unwind(AssertUnwindSafe(|| registry.reload(SystemTime::now())));
        match reload {
            Err(_) => {
                tracing::error!("a reload panicked; everything is served as it was");
                break;
            }
            Ok(Ok(reload)) => {
                watches.failed = false;
                let (places, look_again, is_change) =
                    (reload.watch.clone(), reload.look_again, reload.is_change());
                // It is served: whoever waits for it need not wait for what comes next.
                if is_change {
                    tell(Ok(reload));
                }
                // What was written into a directory before it was watched, or watched again, made no event.
                let anything_new = watches.follow(&places);
                if look_again {
                    std::thread::sleep(QUIET);
                }
                if !anything_new && !is_change && !look_again {
                    break;
                }
            }
            Ok(Err(error)) => {
                watches.follow_on(registry.configs());
                // A directory that is moved while it is listed cannot be read, and is where it belongs a moment later.
                if !tried_again {
                    tried_again = true;
                    std::thread::sleep(QUIET);
                    continue;
                }
                // Told once; the poll would repeat it forever.
                if !watches.failed {
                    watches.failed = true;
                    tell(Err(error));
                }
                break;
            }
        }
    }
    options.poll.max(started.elapsed() * PAUSE_PER_LOOK)
}
