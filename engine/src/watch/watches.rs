//! What is watched, and what is glanced at.
//!
//! In: what the last look says is to be watched. Out: what has changed. Called by `watch`. Directories are watched, not
//! files, each by itself and under its real path. What leads to them from elsewhere, the path of the configuration directory
//! and symbolic links, is glanced at instead: the directories that hold it may be anybody's, and where a database is written
//! beside `configs/`, each of its writes would be an event and wake a thread.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::PAUSE_PER_LOOK;
use crate::registry::Watched;
use crate::registry::stamp::Stamp;
use crate::source::is_listed;

/// How often what leads to the directories is glanced at.
const GLANCE: Duration = Duration::from_millis(100);

/// What events say has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// These files alone, by the paths that they are listed under.
    Files(BTreeSet<PathBuf>),
    /// Whatever there is.
    Anything,
}

impl Changed {
    /// What both say.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Files(mut files), Self::Files(others)) => {
                files.extend(others);
                Self::Files(files)
            }
            _ => Self::Anything,
        }
    }
}

/// What is watched, and what is glanced at.
pub(super) struct Watches {
    /// What the system tells of; nothing where the poll does all the work.
    watcher: Option<RecommendedWatcher>,
    configs: PathBuf,
    directories: Arc<Mutex<Directories>>,
    /// What leads to the directories and files, as it was at the last glance.
    ways: BTreeMap<PathBuf, Option<Stamp>>,
    /// How long to wait before the next one.
    pub(super) next_glance: Duration,
    /// What the last look that succeeded said is to be watched.
    places: Watched,
    /// Whether the last look failed.
    pub(super) failed: bool,
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

    /// Whether an event says no more than that a file was written which nothing reads, such as a database. What makes, moves
    /// or removes an entry may be about a directory or a link, whose names may be any.
    fn is_of_no_account(&self, event: &Event) -> bool {
        let written = matches!(
            event.kind,
            EventKind::Modify(ModifyKind::Data(_)) | EventKind::Access(AccessKind::Close(AccessMode::Write))
        );
        let [path] = event.paths.as_slice() else { return false };
        // Where there are links, one may lead to it.
        written
            && !event.need_rescan()
            && !self.listed_as.is_empty()
            && !self.watched.contains(path)
            && path.file_name().is_some_and(|name| !is_listed(name))
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
        write && !self.is_of_no_account(event) && (event.paths.is_empty() || event.paths.iter().any(ours))
    }
}

impl Watches {
    /// Nothing is watched yet; `tell` is called with what events say.
    pub(super) fn new(configs: &Path, events: bool, tell: impl Fn(Changed) + Send + 'static) -> Self {
        let directories = Arc::new(Mutex::new(Directories::default()));
        let known = Arc::clone(&directories);
        let handler = move |event: notify::Result<Event>| {
            let directories = lock(&known);
            let changed = match &event {
                Ok(event) => directories.concerns(event).then(|| directories.changed(event)),
                Err(_) => Some(Changed::Anything),
            };
            if let Some(changed) = changed {
                tell(changed);
            }
        };
        let watcher = events.then(|| notify::recommended_watcher(handler));
        if let Some(Err(error)) = &watcher {
            tracing::warn!(%error, "no file events; changes are found by polling");
        }
        let configs = std::path::absolute(configs).unwrap_or_else(|_| configs.to_path_buf());
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
    pub(super) fn follow_on(&mut self, configs: &Path) {
        let mut places = self.places.clone();
        places.directories.insert(configs.to_path_buf());
        self.follow(&places);
    }

    /// Watches exactly these directories; whether any was not watched before.
    ///
    /// Every directory is given to the system again, since one that was moved away and back, or replaced, has
    /// lost its watch without a word.
    pub(super) fn follow(&mut self, places: &Watched) -> bool {
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
    pub(super) fn glance(&mut self) -> bool {
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
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind, RenameMode};

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

    /// What it makes to write a file of this path.
    fn writes(path: &str) -> [Event; 2] {
        let kinds = [
            EventKind::Modify(ModifyKind::Data(DataChange::Any)),
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
        ];
        kinds.map(|kind| Event::new(kind).add_path(path.into()))
    }

    #[test]
    fn what_is_written_to_a_file_that_nothing_reads_is_no_reason_to_look() {
        for path in ["/c/forms/formwork.db", "/c/forms/formwork.db-wal", "/c/forms/notes"] {
            assert!(writes(path).iter().all(|event| !directories().concerns(event)), "{path}");
        }
        for path in ["/c/forms/a.toml", "/c/forms/a.html", "/c/forms/.toml", "/c/forms/partner"] {
            assert!(writes(path).iter().all(|event| directories().concerns(event)), "{path}");
        }
        let linked = Directories { listed_as: BTreeMap::new(), ..directories() };
        for event in writes("/c/forms/notes") {
            assert!(linked.concerns(&event), "a link may lead to it");
            assert!(directories().concerns(&event.clone().set_flag(Flag::Rescan)));
            assert!(directories().concerns(&event.add_path("/c/forms/a.toml".into())));
        }
    }

    #[test]
    fn what_makes_moves_or_removes_an_entry_of_any_name_is_a_reason_to_look() {
        for kind in [
            EventKind::Any,
            EventKind::Create(CreateKind::File),
            EventKind::Create(CreateKind::Folder),
            EventKind::Modify(ModifyKind::Any),
            EventKind::Modify(ModifyKind::Name(RenameMode::From)),
            EventKind::Modify(ModifyKind::Name(RenameMode::To)),
            EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
            EventKind::Remove(RemoveKind::File),
        ] {
            let event = Event::new(kind).add_path("/c/forms/notes".into());
            assert!(directories().concerns(&event), "{kind:?}");
        }
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
