//! Where a key is written: a dotted key, a header and what stands below it may each name it again.

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

use crate::source::Span;

/// What a value is in the middle of.
enum Around {
    /// A key, after so many names of tables.
    Key(usize),
    /// Brackets or braces.
    Brackets,
}

/// Every key of a file, by its path without regard to the positions in arrays.
#[derive(Default)]
struct Walk {
    keys: Vec<(Vec<String>, Span)>,
    /// The names of the tables around what comes next.
    path: Vec<String>,
    /// The key that is being read.
    key: Vec<String>,
    around: Vec<Around>,
}

/// Every place at which the key that stands at `wanted` is written, in the order of the text.
pub(super) fn of_key(text: &str, wanted: &Span) -> Option<Vec<Span>> {
    let tokens = Source::new(text).lex().into_vec();
    let mut walk = Walk::default();
    parse_document(&tokens, &mut |event: Event| walk.step(text, &event), &mut ());
    let (path, _) = walk.keys.iter().find(|(_, span)| span == wanted)?;
    Some(walk.keys.iter().filter(|(other, _)| other == path).map(|(_, span)| span.clone()).collect())
}

impl Walk {
    fn step(&mut self, text: &str, event: &Event) {
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                self.path.clear();
                self.key.clear();
            }
            EventKind::StdTableClose | EventKind::ArrayTableClose => {
                self.path = std::mem::take(&mut self.key);
            }
            EventKind::SimpleKey => self.name(text, event.span().start()..event.span().end()),
            EventKind::KeyValSep => {
                self.around.push(Around::Key(self.path.len()));
                self.path.append(&mut self.key);
            }
            EventKind::InlineTableOpen | EventKind::ArrayOpen => self.around.push(Around::Brackets),
            EventKind::InlineTableClose | EventKind::ArrayClose => {
                self.around.pop();
                self.end_value();
            }
            EventKind::Scalar => self.end_value(),
            _ => {}
        }
    }

    fn name(&mut self, text: &str, span: Span) {
        let written = text.get(span.clone()).unwrap_or_default();
        self.key.push(written.trim_matches(['"', '\'']).to_owned());
        self.keys.push(([self.path.as_slice(), &self.key].concat(), span));
    }

    fn end_value(&mut self) {
        if let Some(Around::Key(length)) = self.around.last() {
            self.path.truncate(*length);
            self.around.pop();
        }
    }
}
