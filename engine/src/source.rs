//! Finds and reads configuration files.
//!
//! In: a configuration directory or the paths that somebody names. Out: [`SourceFile`]s, whose line index turns
//! byte offsets into what people read. Called by `registry` and by the command line.

mod listing;

use std::cmp::Ordering;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use self::listing::is_listed;
pub use self::listing::{FileKind, Listing, MAX_FILES, list, list_only, list_paths, place};

/// A range of bytes in a source text.
pub type Span = Range<usize>;

/// The largest configuration file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 20;
/// What is set aside for a file before it is read, in bytes.
const USUAL_FILE_BYTES: usize = 1 << 14;
/// What may stand before the text of a file and is no part of it.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

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
