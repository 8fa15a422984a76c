//! File events → [`Registry::reload`].
//!
//! An event says no more than «look again»: what changed is decided by comparing contents. Where events name nothing but
//! files, these are looked at first, and the directory right after. A burst is waited out until the directory is quiet for
//! a moment. A slow poll stands beside the events, for file systems that have none. The quiet time is kept here rather than
//! by a debouncing library because those file events by path, and an overflow of the system's queue has none: it would be
//! lost.
//!
//! Directories are watched, not files, each by itself and under its real path. What leads to them from elsewhere, the path
//! of the configuration directory and symbolic links, is glanced at instead: the directories that hold it may be anybody's,
//! and where a database is written beside `configs/`, each of its writes would be an event and wake a thread.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::registry::stamp::Stamp;
use crate::registry::{Registry, Reload, Watched};
use crate::source::SourceError;

/// How long nothing must happen before the directory counts as written.
const QUIET: Duration = Duration::from_millis(15);
/// How long a directory that is never quiet is waited for.
const PATIENCE: Duration = Duration::from_millis(60);
/// The time between looks, and between glances, is at least so many times as long as one takes: two percent of a core.
const PAUSE_PER_LOOK: u32 = 50;
/// How often what leads to the directories is glanced at.
const GLANCE: Duration = Duration::from_millis(100);

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

/// What events say has changed.
#[derive(Debug, PartialEq, Eq)]
enum Changed {
    /// These files alone, by the paths that they are listed under.
    Files(BTreeSet<PathBuf>),
    /// Whatever there is.
    Anything,
}

impl Changed {
    /// What both say.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Files(mut files), Self::Files(others)) => {
                files.extend(others);
                Self::Files(files)
            }
            _ => Self::Anything,
        }
    }
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
    let mut watches = Watches::new(&registry, options, signals.clone());
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

/// What is watched, and what is glanced at.
struct Watches {
    /// What the system tells of; nothing where the poll does all the work.
    watcher: Option<RecommendedWatcher>,
    configs: PathBuf,
    directories: Arc<Mutex<Directories>>,
    /// What leads to the directories and files, as it was at the last glance.
    ways: BTreeMap<PathBuf, Option<Stamp>>,
    next_glance: Duration,
    /// What the last look that succeeded said is to be watched.
    places: Watched,
    failed: bool,
}

/// The directories that are watched.
#[derive(Default)]
struct Directories {
    /// By real path; every entry of theirs counts.
    watched: BTreeSet<PathBuf>,
    /// The path that each is listed under; none where a link leads to anything, since it is listed twice then.
    listed_as: BTreeMap<PathBuf, PathBuf>,
}

impl Directories {
    /// What an event is about: files, where each path of it is one in a directory; more than that else.
    fn changed(&self, event: &Event) -> Changed {
        let listed = |path: &PathBuf| {
            // Of a directory anything may have changed, and a file that is not known is no form.
            let directory = path.parent().filter(|_| !self.watched.contains(path))?;
            Some(self.listed_as.get(directory)?.join(path.file_name()?))
        };
        let files: Option<BTreeSet<PathBuf>> = event.paths.iter().map(listed).collect();
        match files {
            Some(files) if !files.is_empty() && !event.need_rescan() => Changed::Files(files),
            _ => Changed::Anything,
        }
    }

    /// Whether an event can mean new content. Reading a file makes events too, and would never end.
    fn concerns(&self, event: &Event) -> bool {
        let write = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
            EventKind::Access(_) => false,
            _ => true,
        };
        let ours = |path: &PathBuf| {
            self.watched.contains(path) || path.parent().is_some_and(|parent| self.watched.contains(parent))
        };
        // An event without a path is an overflow: anything may have happened.
        write && (event.paths.is_empty() || event.paths.iter().any(ours))
    }
}

impl Watches {
    fn new(registry: &Registry, options: Options, signals: Sender<Signal>) -> Self {
        let directories = Arc::new(Mutex::new(Directories::default()));
        let known = Arc::clone(&directories);
        let handler = move |event: notify::Result<Event>| {
            let directories = lock(&known);
            let changed = match &event {
                Ok(event) => directories.concerns(event).then(|| directories.changed(event)),
                Err(_) => Some(Changed::Anything),
            };
            if let Some(changed) = changed {
                // Nobody listens any more once the watcher stops.
                let _ = signals.send(Signal::LookAgain(changed));
            }
        };
        let watcher = options.events.then(|| notify::recommended_watcher(handler));
        if let Some(Err(error)) = &watcher {
            tracing::warn!(%error, "no file events; changes are found by polling");
        }
        let configs =
            std::path::absolute(registry.configs()).unwrap_or_else(|_| registry.configs().to_path_buf());
        Self {
            watcher: watcher.and_then(Result::ok),
            configs,
            directories,
            ways: BTreeMap::new(),
            next_glance: GLANCE,
            places: Watched::default(),
            failed: false,
        }
    }

    /// Watches what is left of what was watched, and the configuration directory: where all cannot be read, what comes
    /// next may happen anywhere.
    fn follow_on(&mut self, configs: &Path) {
        let mut places = self.places.clone();
        places.directories.insert(configs.to_path_buf());
        self.follow(&places);
    }

    /// Watches exactly these directories; whether any was not watched before.
    ///
    /// Every directory is given to the system again, since one that was moved away and back, or replaced, has
    /// lost its watch without a word.
    fn follow(&mut self, places: &Watched) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        self.places.clone_from(places);
        // As of the last glance, since they may have changed after what was read.
        let mut known = std::mem::take(&mut self.ways);
        let ways = places.links.iter().chain([&self.configs]);
        let stamped = |way: &PathBuf| (way.clone(), known.remove(way).unwrap_or_else(|| Stamp::of(way)));
        self.ways = ways.map(stamped).collect();
        let real = |path: &PathBuf| Some((path.canonicalize().ok()?, path.clone()));
        let mut listed_as: BTreeMap<PathBuf, PathBuf> = places.directories.iter().filter_map(real).collect();
        let wanted: BTreeSet<PathBuf> = listed_as.keys().cloned().collect();
        if !places.links.is_empty() {
            listed_as.clear();
        }
        let next = Directories { watched: wanted.clone(), listed_as };
        let before = std::mem::replace(&mut *lock(&self.directories), next).watched;
        for gone in before.difference(&wanted) {
            // It may be gone already, and its watch with it.
            let _ = watcher.unwatch(gone);
        }
        for directory in &wanted {
            if let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive) {
                tracing::debug!(directory = %directory.display(), %error, "not watched; left to the poll");
            }
        }
        wanted.difference(&before).next().is_some()
    }

    /// Whether anything that leads to the directories is not what it was.
    fn glance(&mut self) -> bool {
        let started = Instant::now();
        let mut changed = false;
        for (way, stamp) in &mut self.ways {
            let now = Stamp::of(way);
            changed |= *stamp != now;
            *stamp = now;
        }
        self.next_glance = GLANCE.max(started.elapsed() * PAUSE_PER_LOOK);
        changed
    }
}

/// The set is replaced as a whole, so a panic elsewhere leaves it sound.
fn lock(directories: &Mutex<Directories>) -> MutexGuard<'_, Directories> {
    directories.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, Flag};

    use super::*;

    fn directories() -> Directories {
        Directories {
            watched: ["/c/forms".into(), "/c/forms/partner".into()].into(),
            listed_as: [
                ("/c/forms".into(), "c/forms".into()),
                ("/c/forms/partner".into(), "c/forms/partner".into()),
            ]
            .into(),
        }
    }

    #[test]
    fn an_overflow_of_the_system_s_queue_is_a_reason_to_look() {
        assert!(directories().concerns(&Event::new(EventKind::Other).set_flag(Flag::Rescan)));
    }

    #[test]
    fn reading_a_form_is_no_reason_to_look_again() {
        let opened = EventKind::Access(AccessKind::Open(AccessMode::Any));
        assert!(!directories().concerns(&Event::new(opened).add_path("/c/forms/a.toml".into())));
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        assert!(directories().concerns(&Event::new(written).add_path("/c/forms/a.toml".into())));
    }

    #[test]
    fn events_name_files_by_the_paths_that_they_are_listed_under() {
        let files = |paths: &[&str]| Changed::Files(paths.iter().map(PathBuf::from).collect());
        let changed = |paths: &[&str]| {
            let event = Event::new(EventKind::Access(AccessKind::Close(AccessMode::Write)));
            let event = paths.iter().fold(event, |event, path| event.add_path(path.into()));
            directories().changed(&event)
        };
        assert_eq!(changed(&["/c/forms/a.toml"]), files(&["c/forms/a.toml"]));
        assert_eq!(
            changed(&["/c/forms/a.toml", "/c/forms/partner/b.toml"]),
            files(&["c/forms/a.toml", "c/forms/partner/b.toml"])
        );
        assert_eq!(changed(&["/c/forms/a.toml"]).and(changed(&["/c/forms/c.toml"])), {
            files(&["c/forms/a.toml", "c/forms/c.toml"])
        });
        for more in [&[][..], &["/c/forms/partner"], &["/c/forms/a.toml", "/c"]] {
            assert_eq!(changed(more), Changed::Anything, "{more:?}");
            assert_eq!(changed(&["/c/forms/a.toml"]).and(changed(more)), Changed::Anything, "{more:?}");
        }
        let rescan = Event::new(EventKind::Other).add_path("/c/forms/a.toml".into()).set_flag(Flag::Rescan);
        assert_eq!(directories().changed(&rescan), Changed::Anything);
    }

    #[test]
    fn a_directory_and_what_is_in_it_are_reasons_to_look_and_its_neighbours_are_none() {
        let created = |path: &str| Event::new(EventKind::Create(CreateKind::Any)).add_path(path.into());
        for path in ["/c/forms", "/c/forms/a.toml"] {
            assert!(directories().concerns(&created(path)), "{path}");
        }
        for path in ["/c", "/c/formwork.db-wal", "/c/forms/deep/a.toml"] {
            assert!(!directories().concerns(&created(path)), "{path}");
        }
    }
}
