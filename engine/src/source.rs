//! Finds and reads configuration files.
//!
//! In: a configuration directory or the paths that somebody names. Out: [`SourceFile`]s, whose line index turns
//! byte offsets into what people read. Called by `registry` and by the command line.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::many::each;

/// A range of bytes in a source text.
pub type Span = Range<usize>;

/// The largest configuration file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 20;
/// What is set aside for a file before it is read, in bytes.
const USUAL_FILE_BYTES: usize = 1 << 14;
/// The most files that one configuration directory may hold.
pub const MAX_FILES: usize = 100_000;
/// What may stand before the text of a file and is no part of it.
pub const BYTE_ORDER_MARK: char = '\u{feff}';
/// How deep directories may nest; also what ends a loop of symbolic links.
const MAX_DIRECTORY_DEPTH: usize = 16;

/// What the machine did wrong when it was asked for files.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A directory could not be listed, or a path could not be examined.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The path as it was asked for.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },
    /// A directory holds more files than [`MAX_FILES`].
    #[error("{} holds more than {MAX_FILES} files", path.display())]
    TooManyFiles {
        /// The directory at which the count ran over.
        path: PathBuf,
    },
}

/// A configuration file's path and text.
#[derive(Debug)]
pub struct SourceFile {
    /// The path, as diagnostics show it.
    pub path: PathBuf,
    /// The name a form in this file has if it states none: the path under `forms/` without `.toml`.
    pub default_name: String,
    /// The whole text.
    pub text: String,
    line_starts: Vec<usize>,
}

/// A place in a text as editors count: line and column from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in Unicode scalar values, from 1.
    pub column: usize,
}

impl SourceFile {
    /// A file's text under the path that people know it by.
    #[must_use]
    pub fn new(path: PathBuf, default_name: String, text: String) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path, default_name, text, line_starts }
    }

    /// Where `byte` is. An offset past the end counts as the end.
    #[must_use]
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte);
        let line = self.line_starts.partition_point(|start| *start <= byte);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..byte).map_or(0, |text| text.chars().count()) + 1;
        Position { line, column }
    }

    /// The line that a byte is in, without its end.
    #[must_use]
    pub fn line_at(&self, byte: usize) -> &str {
        let start = self.line_starts.get(self.position(byte).line - 1).copied().unwrap_or_default();
        self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
    }

    /// The span of `part`, a range of bytes within the decoded string that stands at `span`.
    ///
    /// Exact where the string has no escapes, the whole string otherwise.
    #[must_use]
    pub fn span_in_string(&self, span: &Span, value: &str, part: Span) -> Span {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let is_quote = |character| matches!(character, '"' | '\'' | '\r' | '\n');
        match raw.split_once(value) {
            Some((before, after))
                if !value.is_empty()
                    && part.end <= value.len()
                    && before.chars().all(is_quote)
                    && after.chars().all(is_quote) =>
            {
                let start = span.start + before.len();
                // Parsers that count bytes may stop within a character.
                start + value.floor_char_boundary(part.start)..start + value.ceil_char_boundary(part.end)
            }
            _ => span.clone(),
        }
    }
}

/// A form file that was found, not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormPath {
    /// The path to open, as diagnostics show it.
    pub path: PathBuf,
    /// The name of a form in this file that states none.
    pub default_name: String,
}

/// By the text of the path: `Path` compares component by component, which for ten thousand forms takes longer than
/// asking the file system about them.
impl Ord for FormPath {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_path = self.path.as_os_str().cmp(other.path.as_os_str());
        by_path.then_with(|| self.default_name.cmp(&other.default_name))
    }
}

impl PartialOrd for FormPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

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

/// Why a file's content could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFault {
    /// The file is not UTF-8; the first bad byte's offset.
    NotUtf8(usize),
    /// The file is larger than [`MAX_FILE_BYTES`].
    TooLarge,
    /// The operating system refused, in its words.
    Io(String),
}

/// Reads a file; a fault comes with a [`SourceFile`] of as much text as could be read, to point into.
#[must_use]
pub fn read(form: &FormPath) -> (Arc<SourceFile>, Option<ReadFault>) {
    decode(form, fs::File::open(&form.path))
}

/// Like [`read`], of content that comes from elsewhere.
#[must_use]
pub fn decode(form: &FormPath, content: io::Result<impl Read>) -> (Arc<SourceFile>, Option<ReadFault>) {
    let (text, fault) = match content.and_then(read_bytes) {
        Err(error) => (String::new(), Some(ReadFault::Io(error.to_string()))),
        Ok(bytes) if bytes.len() as u64 > MAX_FILE_BYTES => (String::new(), Some(ReadFault::TooLarge)),
        Ok(bytes) => match String::from_utf8(bytes) {
            // A byte order mark is no part of the text (Unicode, 23.8).
            Ok(text) => (text.strip_prefix(BYTE_ORDER_MARK).map(str::to_owned).unwrap_or(text), None),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                bytes.truncate(valid);
                (String::from_utf8_lossy(&bytes).into_owned(), Some(ReadFault::NotUtf8(valid)))
            }
        },
    };
    (Arc::new(SourceFile::new(form.path.clone(), form.default_name.clone(), text)), fault)
}

fn read_bytes(content: impl Read) -> io::Result<Vec<u8>> {
    // Most files fit, and are read at once.
    let mut bytes = Vec::with_capacity(USUAL_FILE_BYTES);
    content.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("f.toml".into(), "f".into(), text.into())
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = file("a = 1\nżółć = \"x\"\n");
        let byte =
            source.text.find('=').and_then(|first| source.text[first + 1..].find('=').map(|n| first + 1 + n));
        assert_eq!(source.position(byte.unwrap_or_default()), Position { line: 2, column: 6 });
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        assert_eq!(file("ab").position(99), Position { line: 1, column: 3 });
        assert_eq!(file("").position(0), Position { line: 1, column: 1 });
    }

    #[test]
    fn a_part_of_a_string_with_escapes_falls_back_to_the_whole() {
        let plain = file("with = '[a'");
        assert_eq!(plain.span_in_string(&(7..11), "[a", 0..1), 8..9);
        let escaped = file(r#"with = "\\[a""#);
        assert_eq!(escaped.span_in_string(&(7..13), "\\[a", 1..2), 7..13);
    }

    #[test]
    fn a_part_of_a_string_ends_with_a_character() {
        assert_eq!(file("with = 'aż'").span_in_string(&(7..12), "aż", 1..2), 9..11);
    }
}
