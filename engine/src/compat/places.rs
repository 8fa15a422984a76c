//! Where a form's file says what the model keeps no span of: `type`, `access`, `when` and other keys.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Label;
use crate::model::{Field, FieldType, Form, Step};
use crate::source::{SourceFile, Span};
use crate::syntax;

/// The tree of a file that is known to be sound.
pub(super) struct Places<'f> {
    form: &'f Form,
    table: Spanned<DeTable<'f>>,
}

impl<'f> Places<'f> {
    pub(super) fn new(form: &'f Form) -> Self {
        Self { form, table: syntax::parse(&form.source).0 }
    }

    /// A label at a span of the file.
    pub(super) fn label(&self, span: &Span, text: impl Into<String>) -> Label {
        label(&self.form.source, span, text)
    }

    /// A label at a key of the form; at its name where the key is not written.
    pub(super) fn of_form(&self, key: &str, text: impl Into<String>) -> Label {
        let span = self.find(&[key]).unwrap_or_else(|| self.form.name.span.clone());
        self.label(&span, text)
    }

    /// A label at a key of a field; at its name where the key is not written.
    pub(super) fn of_field(&self, path: &[Step], field: &Field, key: &str, text: impl Into<String>) -> Label {
        let mut keys = self.keys(path);
        keys.push(key);
        let span = self.find(&keys).unwrap_or_else(|| field.name.span.clone());
        self.label(&span, text)
    }

    /// The keys that lead to a field's table.
    fn keys<'k>(&self, path: &'k [Step]) -> Vec<&'k str>
    where
        'f: 'k,
    {
        let mut keys = vec!["fields"];
        let mut fields = self.form.fields.as_slice();
        let mut around: Option<&Field> = None;
        for step in path {
            let next = match step {
                Step::Key(name) => {
                    if around.is_some_and(|field| matches!(field.ty, FieldType::Object(_))) {
                        keys.push("fields");
                    }
                    keys.push(name);
                    fields.iter().find(|field| field.name.value == *name)
                }
                Step::Item => {
                    keys.push("items");
                    around.and_then(Field::items)
                }
            };
            let Some(next) = next else { break };
            fields = next.fields();
            around = Some(next);
        }
        keys
    }

    /// From the key to the end of its value, where that is on one line; the key alone otherwise.
    fn find(&self, keys: &[&str]) -> Option<Span> {
        let mut table = self.table.get_ref();
        let (last, before) = keys.split_last()?;
        for key in before {
            let (_, value) = table.iter().find(|(name, _)| name.get_ref() == key)?;
            let DeValue::Table(inner) = value.get_ref() else { return None };
            table = inner;
        }
        let (name, value) = table.iter().find(|(name, _)| name.get_ref() == last)?;
        let whole = name.span().start..value.span().end;
        let text = self.form.source.text.get(whole.clone())?;
        Some(if whole.start < value.span().start && !text.contains('\n') { whole } else { name.span() })
    }
}

/// A label at a span of a file.
pub(super) fn label(file: &Arc<SourceFile>, span: &Span, text: impl Into<String>) -> Label {
    Label { file: Arc::clone(file), span: span.clone(), text: text.into() }
}
