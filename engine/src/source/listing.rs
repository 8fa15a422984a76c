//! Which files there are: what a configuration directory holds, and what the command line names.
//!
//! In: paths. Out: a [`Listing`], in which nothing is read yet. What a file is follows from where it is.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{FormPath, SourceError};
use crate::many::each;

/// The most files that one configuration directory may hold.
pub const MAX_FILES: usize = 100_000;
/// How deep directories may nest; also what ends a loop of symbolic links.
const MAX_DIRECTORY_DEPTH: usize = 16;

/// What a look at a configuration directory found.
#[derive(Debug, Default)]
pub struct Listing {
    /// Every form file, sorted by path.
    pub forms: Vec<FormPath>,
    /// Every locale file, sorted by path; its default name is its language tag.
    pub locales: Vec<FormPath>,
    /// Every policy file, sorted by path; its default name is the policy's name.
    pub policies: Vec<FormPath>,
    /// Every template of pages, sorted by path; its default name is the template's name.
    pub templates: Vec<FormPath>,
    /// Every directory that was walked.
    pub directories: BTreeSet<PathBuf>,
    /// Every symbolic link that was followed to a directory or form.
    pub links: BTreeSet<PathBuf>,
    /// Every symbolic link that is named like a form and leads nowhere.
    pub dangling: BTreeSet<PathBuf>,
}

/// Lists the form files under `configs`, following symbolic links and leaving out hidden entries.
///
/// # Errors
/// When `configs/forms` or a directory in it cannot be read: nothing is known then, so nothing may be taken for
/// deleted.
pub fn list(configs: &Path) -> Result<Listing, SourceError> {
    let mut listing = Listing::default();
    listing.directories.insert(configs.to_path_buf());
    let forms = configs.join(FileKind::Form.directory());
    if fs::symlink_metadata(&forms).is_ok_and(|kind| kind.is_symlink()) {
        listing.links.insert(forms.clone());
    }
    walk(&forms, "", FileKind::Form, &mut listing)?;
    listing.forms.sort();
    listing.locales = list_beside(configs, FileKind::Locale, &mut listing)?;
    listing.policies = list_beside(configs, FileKind::Policy, &mut listing)?;
    listing.templates = list_beside(configs, FileKind::Template, &mut listing)?;
    Ok(listing)
}

/// The files of a directory that need not be there; what was walked and followed is added to `listing`.
fn list_beside(configs: &Path, kind: FileKind, listing: &mut Listing) -> Result<Vec<FormPath>, SourceError> {
    let directory = &configs.join(kind.directory());
    let Ok(metadata) = fs::symlink_metadata(directory) else { return Ok(Vec::new()) };
    let mut found = Listing::default();
    if metadata.is_symlink() {
        found.links.insert(directory.clone());
    }
    if directory.is_dir() {
        walk(directory, "", kind, &mut found)?;
    }
    found.forms.sort();
    listing.directories.append(&mut found.directories);
    listing.links.append(&mut found.links);
    listing.dangling.append(&mut found.dangling);
    Ok(found.forms)
}

/// Lists the files of a kind under `configs` that need not be there: locales, policies or templates.
///
/// # Errors
/// When their directory cannot be read.
pub fn list_only(configs: &Path, kind: FileKind) -> Result<Vec<FormPath>, SourceError> {
    list_beside(configs, kind, &mut Listing::default())
}

/// Adds what is in a directory of files of one kind and below it; their names begin with `prefix`.
fn walk(directory: &Path, prefix: &str, kind: FileKind, listing: &mut Listing) -> Result<(), SourceError> {
    listing.append(Walk { files: AtomicUsize::new(0), ending: kind.ending() }.below(directory, prefix, 0)?);
    Ok(())
}

/// A walk through directories, on every core.
struct Walk {
    /// How many files were found, by all that walk.
    files: AtomicUsize,
    /// How the names of files end that are listed.
    ending: &'static str,
}

impl Walk {
    fn below(&self, directory: &Path, prefix: &str, depth: usize) -> Result<Listing, SourceError> {
        let unreadable = |reason| SourceError::Unreadable { path: directory.to_path_buf(), reason };
        if depth > MAX_DIRECTORY_DEPTH {
            return Err(unreadable(io::Error::other(format!(
                "directories nest deeper than {MAX_DIRECTORY_DEPTH}, or a symbolic link leads back into its own directory"
            ))));
        }
        let mut listing = Listing::default();
        let mut directories = Vec::new();
        listing.directories.insert(directory.to_path_buf());
        for entry in fs::read_dir(directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let file_name = entry.file_name();
            // A name that is not UTF-8 cannot name a form; hidden entries belong to editors, version control and
            // Kubernetes, whose `..data` directories hold what the visible links lead to.
            let Some(name) = file_name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let path = entry.path();
            let stem = name.strip_suffix(self.ending);
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            let Some(kind) = kind_of(&entry, &path)? else {
                if is_link && stem.is_some() {
                    listing.dangling.insert(path);
                }
                continue;
            };
            if is_link && (kind.is_dir() || stem.is_some()) {
                listing.links.insert(path.clone());
            }
            if kind.is_dir() {
                directories.push((path, format!("{prefix}{name}/")));
            // Whatever else there is, a pipe or a device, may never end.
            } else if let Some(stem) = stem.filter(|_| kind.is_file()) {
                if self.files.fetch_add(1, Relaxed) >= MAX_FILES {
                    return Err(SourceError::TooManyFiles { path: directory.to_path_buf() });
                }
                listing.forms.push(FormPath { default_name: format!("{prefix}{stem}"), path });
            }
        }
        // On this core; what is put together of what is sorted takes little to sort.
        listing.forms.sort_unstable();
        directories.sort_unstable();
        for found in each(&directories, |(path, prefix)| self.below(path, prefix, depth + 1)) {
            listing.append(found?);
        }
        Ok(listing)
    }
}

impl Listing {
    /// Adds what was found elsewhere.
    fn append(&mut self, mut found: Self) {
        self.forms.append(&mut found.forms);
        self.directories.append(&mut found.directories);
        self.links.append(&mut found.links);
        self.dangling.append(&mut found.dangling);
    }
}

/// What an entry leads to; `None` when it went away meanwhile, or its link leads nowhere.
fn kind_of(entry: &fs::DirEntry, path: &Path) -> Result<Option<fs::FileType>, SourceError> {
    let kind = entry.file_type().and_then(|kind| {
        if kind.is_symlink() { fs::metadata(path).map(|target| target.file_type()) } else { Ok(kind) }
    });
    match kind {
        Ok(kind) => Ok(Some(kind)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(reason) => Err(SourceError::Unreadable { path: path.to_path_buf(), reason }),
    }
}

/// What a file of a configuration directory is, which follows from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A form; also what is elsewhere.
    Form,
    /// A locale.
    Locale,
    /// A policy.
    Policy,
    /// A template of pages.
    Template,
}

impl FileKind {
    const ALL: [Self; 4] = [Self::Locale, Self::Policy, Self::Template, Self::Form];

    /// The directory below the configuration directory that holds such files.
    fn directory(self) -> &'static str {
        match self {
            Self::Form => "forms",
            Self::Locale => "locales",
            Self::Policy => "policies",
            Self::Template => "templates",
        }
    }

    /// How the names of such files end.
    fn ending(self) -> &'static str {
        if self == Self::Template { ".html" } else { ".toml" }
    }

    /// What a path is, with the path below that directory; nothing where it is outside of the configuration directory.
    fn of(configs: &Path, path: &Path) -> Option<(Self, String)> {
        Self::ALL.into_iter().find_map(|kind| Some((kind, below(&configs.join(kind.directory()), path)?)))
    }
}

/// Whether a file of this name is read in some directory of a configuration directory.
pub(crate) fn is_listed(name: &OsStr) -> bool {
    let endings = FileKind::ALL.map(FileKind::ending);
    name.to_str().is_some_and(|name| endings.iter().any(|ending| name.ends_with(ending)))
}

/// The files that the command line names: a directory stands for every `.toml` file below it,
/// of templates for every `.html` file.
///
/// A form's default name is its path under `configs/forms` if it is there, its file name otherwise. What is under
/// `configs/locales` is a locale, what is under `configs/policies` a policy, what is under `configs/templates` a template.
///
/// # Errors
/// When a path does not exist or a directory cannot be read.
pub fn list_paths(configs: &Path, paths: &[PathBuf]) -> Result<Listing, SourceError> {
    let mut listing = Listing::default();
    for path in paths {
        let metadata =
            fs::metadata(path).map_err(|reason| SourceError::Unreadable { path: path.clone(), reason })?;
        let (kind, prefix) = FileKind::of(configs, path).unwrap_or((FileKind::Form, String::new()));
        let mut found = Listing::default();
        if metadata.is_dir() {
            // The configuration directory itself stands for everything in it.
            if path.join(FileKind::Form.directory()).is_dir() && prefix.is_empty() && kind == FileKind::Form {
                found = list(path)?;
                listing.locales.append(&mut found.locales);
                listing.policies.append(&mut found.policies);
                listing.templates.append(&mut found.templates);
            } else {
                walk(path, &prefix, kind, &mut found)?;
            }
        } else {
            found.forms.push(FormPath { path: path.clone(), default_name: name_of_file(path, &prefix) });
        }
        let into = match kind {
            FileKind::Form => &mut listing.forms,
            FileKind::Locale => &mut listing.locales,
            FileKind::Policy => &mut listing.policies,
            FileKind::Template => &mut listing.templates,
        };
        into.append(&mut found.forms);
        listing.dangling.append(&mut found.dangling);
    }
    for files in [&mut listing.forms, &mut listing.locales, &mut listing.policies, &mut listing.templates] {
        files.sort();
        files.dedup();
    }
    Ok(listing)
}

/// What a file of this path would be, whether it is there or not: where it is with its default name, and what it is if
/// it is in the configuration directory.
#[must_use]
pub fn place(configs: &Path, path: &Path) -> (FormPath, Option<FileKind>) {
    let (kind, prefix) = FileKind::of(configs, path).unzip();
    let default_name = name_of_file(path, &prefix.unwrap_or_default());
    (FormPath { path: path.to_path_buf(), default_name }, kind)
}

fn name_of_file(path: &Path, prefix: &str) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let directory = prefix.strip_suffix('/').and_then(|prefix| prefix.rsplit_once('/'));
    directory.map_or_else(|| stem.to_owned(), |(directory, _)| format!("{directory}/{stem}"))
}

/// The path without symbolic links and dots, as far as it leads to something.
fn real(path: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(path).ok()?;
    whole.ancestors().find_map(|there| {
        let rest = whole.strip_prefix(there).ok()?;
        there
            .canonicalize()
            .ok()
            .map(|there| if rest.as_os_str().is_empty() { there } else { there.join(rest) })
    })
}

/// The path of `path` under a directory with a final slash, empty for the directory itself; nothing where it is elsewhere.
fn below(directory: &Path, path: &Path) -> Option<String> {
    let (root, path) = (real(directory)?, real(path)?);
    let relative = path.strip_prefix(root).ok()?.to_str()?;
    Some(if relative.is_empty() { String::new() } else { format!("{relative}/") })
}
