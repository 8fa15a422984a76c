//! Field by field: what is gone, what is new, and what of a field besides its rules is another.

use serde_json::Value;

use super::finding::{Change, Finding, Severity};
use super::places::Places;
use super::statement::Statement;
use super::{demand, proof, rules};
use crate::compile::CompiledForm;
use crate::model::{Field, FieldType, Form, Normalizer, Spanned, Step, UnknownFields, dotted};

/// Two forms, side by side.
pub(super) struct Comparison<'f> {
    pub(super) old: &'f CompiledForm,
    pub(super) new: &'f CompiledForm,
    pub(super) before: Places<'f>,
    pub(super) after: Places<'f>,
    /// The new fields that no accepted request gave a value, and that nothing gives one.
    pub(super) absent: Vec<Vec<Step>>,
    pub(super) findings: Vec<Finding>,
}

pub(super) fn compare(old: &CompiledForm, new: &CompiledForm) -> Vec<Finding> {
    let mut comparison = Comparison {
        old,
        new,
        before: Places::new(&old.form),
        after: Places::new(&new.form),
        absent: absent(&old.form, &new.form),
        findings: Vec::new(),
    };
    comparison.fields(&mut Vec::new(), &old.form.fields, &new.form.fields);
    comparison.findings
}

fn absent(old: &Form, new: &Form) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    if old.unknown_fields == UnknownFields::Ignore {
        return found;
    }
    new.for_each_field(&mut |field, path| {
        let is_new = matches!(path.last(), Some(Step::Key(_))) && field_at(old, path).is_none();
        let is_given = has_default_within(field)
            || new.payload.iter().any(|entry| entry.path.starts_with(path) || path.starts_with(&entry.path));
        if is_new && !is_given {
            found.push(path.to_vec());
        }
    });
    found
}

fn has_default_within(field: &Field) -> bool {
    field.default.is_some() || field.fields().iter().chain(field.items()).any(has_default_within)
}

fn field_at<'f>(form: &'f Form, path: &[Step]) -> Option<&'f Field> {
    let (last, before) = path.split_last()?;
    match last {
        Step::Key(name) => form.fields_at(before)?.iter().find(|field| field.name.value == *name),
        Step::Item => field_at(form, before)?.items(),
    }
}

/// Whether the field is there only because another is to be sent twice.
fn repeats_another(field: &Field, siblings: &[Field]) -> bool {
    let Some(name) = field.name.value.strip_suffix("_confirmation") else { return false };
    siblings.iter().any(|sibling| sibling.name.value == name && sibling.name.span == field.name.span)
}

impl Comparison<'_> {
    /// A finding about the field at a path.
    pub(super) fn finding(&self, change: Change, path: &[Step], message: impl Into<String>) -> Finding {
        Finding::new(change, self.old.name(), message).at(dotted(path))
    }

    fn fields(&mut self, path: &mut Vec<Step>, old: &[Field], new: &[Field]) {
        for field in old {
            path.push(Step::Key(field.name.value.clone()));
            match new.iter().find(|other| other.name.value == field.name.value) {
                None => self.removed(path, field),
                Some(other) if repeats_another(field, old) && repeats_another(other, new) => {}
                Some(other) => self.field(path, field, other),
            }
            path.pop();
        }
        for field in new.iter().filter(|field| !old.iter().any(|other| other.name.value == field.name.value))
        {
            if repeats_another(field, new) && self.old.form.unknown_fields == UnknownFields::Reject {
                continue;
            }
            path.push(Step::Key(field.name.value.clone()));
            self.added(path, field);
            path.pop();
        }
    }

    fn removed(&mut self, path: &[Step], field: &Field) {
        let name = dotted(path);
        let label = self.before.label(&field.name.span, "before: a field of the form");
        let finding = if self.new.form.unknown_fields == UnknownFields::Reject {
            let finding = self.finding(
                Change::FieldRemoved,
                path,
                format!("`{name}` is gone, and requests that carry it are refused"),
            );
            finding.help("keep it with `virtual = true`, or write `unknown_fields = \"ignore\"`")
        } else {
            let mut finding = self.finding(
                Change::FieldDropped,
                path,
                format!("`{name}` is gone, and is no longer stored"),
            );
            if field.virtual_field && !has_default_within(field) {
                finding.severity = Severity::Info;
            }
            finding
        };
        self.findings.push(finding.old(label));
    }

    fn added(&mut self, path: &mut Vec<Step>, field: &Field) {
        let name = dotted(path);
        let label = self.after.label(&field.name.span, "after: a field of the form");
        let given = field.has_default() || self.new.form.payload_gives(path);
        let demanded = self.demanded(path, field);
        let (change, message) = if demanded && !given {
            (Change::RequiredFieldAdded, format!("`{name}` is new and has to be sent"))
        } else if has_default_within(field) {
            (Change::DefaultChanged, format!("`{name}` is new and has a default, which is stored"))
        } else if self.old.form.unknown_fields == UnknownFields::Ignore {
            let message = format!("`{name}` is new: what was ignored under this name is judged and stored");
            (Change::FieldJudged, message)
        } else {
            (Change::FieldAdded, format!("`{name}` is new and may be left out"))
        };
        let mut finding = self.finding(change, path, message).new_at(label);
        if change == Change::RequiredFieldAdded {
            finding = finding.help("give it a `default`, or let it be left out until clients send it");
        }
        self.findings.push(finding);
        // A group that is always there demands its own fields.
        if let FieldType::Group { fields, implied: true } = &field.ty {
            self.fields(path, &[], fields);
        }
    }

    /// Whether a request without the new field may be refused.
    fn demanded(&self, path: &[Step], field: &Field) -> bool {
        let form = &self.new.form;
        let when = Statement::of(form, path, field.when.as_ref());
        !when.is_never_without(&self.absent)
            && demand::demands(form, path, field).iter().any(|demand| {
                demand.kind == demand::Kind::Presence && !demand.condition.is_never_without(&self.absent)
            })
    }

    fn field(&mut self, path: &mut Vec<Step>, old: &Field, new: &Field) {
        // A member that comes later must be looked at: this does not compile without it.
        let Field {
            name: _,
            ty,
            label: _,
            description: _,
            default,
            readonly: _,
            virtual_field: _,
            secret: _,
            normalize,
            validations: _,
            role: _,
            when: _,
            schema: _,
            schema_spans: _,
            ui: _,
        } = old;
        let from = self.findings.len();
        let takes_the_same = self.types(path, ty, new);
        self.default(path, default.as_ref(), old, new);
        self.flags(path, old, new);
        self.normalization(path, normalize, old, new);
        self.visibility(path, old, new);
        if takes_the_same {
            rules::compare(self, path, old, new);
            self.schema(path, old, new);
            proof::settle(self, path, from);
            if let (Some(old), Some(new)) = (old.items(), new.items()) {
                path.push(Step::Item);
                self.field(path, old, new);
                path.pop();
            }
            self.fields(path, old.fields(), new.fields());
        }
    }

    /// Compares the types; whether what they hold can be compared further.
    fn types(&mut self, path: &[Step], old: &FieldType, new: &Field) -> bool {
        let (was, is) = (old.name(), new.ty.name());
        if was == is {
            return true;
        }
        let widens = matches!(
            (old, &new.ty),
            (FieldType::Integer, FieldType::Number)
                | (
                    FieldType::String | FieldType::Text | FieldType::Date,
                    FieldType::String | FieldType::Text
                )
        );
        if widens && !matches!((old, &new.ty), (FieldType::Text, FieldType::String)) {
            self.report_type(Change::TypeWidened, path, was, new);
        } else if !widens {
            self.report_type(Change::TypeNarrowed, path, was, new);
        }
        widens
    }

    fn report_type(&mut self, change: Change, path: &[Step], was: &str, new: &Field) {
        let (name, is) = (dotted(path), new.ty.name());
        let message = format!("the type of `{name}` is `{is}`, before `{was}`");
        let Some(old) = field_at(&self.old.form, path) else { return };
        let before = self.before.of_field(path, old, "type", format!("before: {was}"));
        let after = self.after.of_field(path, new, "type", format!("after: {is}"));
        self.findings.push(self.finding(change, path, message).old(before).new_at(after));
    }

    fn default(&mut self, path: &[Step], default: Option<&Spanned<Value>>, old: &Field, new: &Field) {
        let was = default.map(|default| &default.value);
        let is = new.default.as_ref().map(|default| &default.value);
        if was == is {
            return;
        }
        let name = dotted(path);
        let is_required = |field: &Field| field.presence().is_some_and(|rule| rule.condition.is_none());
        let never_used = is_required(old)
            && old.when.is_none()
            && was.is_none()
            && !is_within_optional(&self.old.form, path);
        let gone = is.is_none() && new.presence().is_some() && !self.new.form.payload_gives(path);
        let shown = |value: Option<&Value>, secret| match value {
            _ if secret => "a secret".to_owned(),
            None => "no default".to_owned(),
            Some(value) => value.to_string(),
        };
        let (change, message) = if gone {
            (Change::RequiredDefaultRemoved, format!("`{name}` has no default any more and has to be sent"))
        } else if never_used {
            (Change::RuleLoosened, format!("`{name}` may be left out: it has a default now"))
        } else {
            (Change::DefaultChanged, format!("a request without `{name}` is stored with another value"))
        };
        let before =
            self.before.of_field(path, old, "default", format!("before: {}", shown(was, old.secret)));
        let after = self.after.of_field(path, new, "default", format!("after: {}", shown(is, new.secret)));
        self.findings.push(self.finding(change, path, message).old(before).new_at(after));
    }

    fn flags(&mut self, path: &[Step], old: &Field, new: &Field) {
        let name = dotted(path);
        for (key, was, is, added, removed) in [
            (
                "readonly",
                old.readonly,
                new.readonly,
                (Change::ReadonlyAdded, "what a request says of it is ignored now"),
                (Change::ReadonlyRemoved, "what a request says of it counts now"),
            ),
            (
                "virtual",
                old.virtual_field,
                new.virtual_field,
                (Change::VirtualAdded, "its value is not stored any more"),
                (Change::VirtualRemoved, "its value is stored now"),
            ),
            (
                "secret",
                old.secret,
                new.secret,
                (Change::SecretAdded, "its value is never shown again"),
                (Change::SecretRemoved, "its value may be shown now"),
            ),
        ] {
            let (change, message) = match (was, is) {
                (false, true) => added,
                (true, false) => removed,
                _ => continue,
            };
            let before = self.before.of_field(path, old, key, format!("before: {key} = {was}"));
            let after = self.after.of_field(path, new, key, format!("after: {key} = {is}"));
            let finding = self.finding(change, path, format!("`{name}`: {message}"));
            self.findings.push(finding.old(before).new_at(after));
        }
    }

    fn normalization(&mut self, path: &[Step], was: &[Normalizer], old: &Field, new: &Field) {
        let is = new.normalize.as_slice();
        if was == is {
            return;
        }
        let name = dotted(path);
        let mut rest = is.iter();
        let all_kept = was.iter().all(|step| rest.any(|kept| does_the_work_of(*kept, *step)));
        let (change, message) = if all_kept {
            (
                Change::NormalizationAdded,
                format!("`{name}` is made canonical in a further way before it is stored"),
            )
        } else {
            (Change::NormalizationRemoved, format!("`{name}` is no longer made canonical as it was"))
        };
        let shown = |steps: &[Normalizer]| {
            let names: Vec<_> = steps.iter().map(|step| step.name()).collect();
            if names.is_empty() { "as it was sent".to_owned() } else { names.join(", ") }
        };
        let before = self.before.of_field(path, old, "normalize", format!("before: {}", shown(was)));
        let after = self.after.of_field(path, new, "normalize", format!("after: {}", shown(is)));
        self.findings.push(self.finding(change, path, message).old(before).new_at(after));
    }

    fn visibility(&mut self, path: &[Step], old: &Field, new: &Field) {
        let was = Statement::of(&self.old.form, path, old.when.as_ref());
        let is = Statement::of(&self.new.form, path, new.when.as_ref());
        if was == is {
            return;
        }
        let name = dotted(path);
        let (narrows, widens) = (is.implies(&was), was.implies(&is));
        let (change, message) = match (narrows, widens) {
            (true, true) => return,
            (true, false) => (Change::VisibilityNarrowed, format!("`{name}` is dropped where it was kept")),
            (false, true) => {
                (Change::VisibilityWidened, format!("`{name}` is judged and kept where it was dropped"))
            }
            (false, false) => (Change::VisibilityChanged, format!("`{name}` is dropped in other cases")),
        };
        let mut finding = self.finding(change, path, message);
        if widens && self.demanded(path, new) && !new.has_default() {
            finding.severity = Severity::Breaking;
        }
        let kept = |field: &Field| match &field.when {
            Some(_) => "kept only under this condition",
            None => "always kept",
        };
        let before = self.before.of_field(path, old, "when", format!("before: {}", kept(old)));
        let after = self.after.of_field(path, new, "when", format!("after: {}", kept(new)));
        self.findings.push(finding.old(before).new_at(after));
    }

    fn schema(&mut self, path: &[Step], old: &Field, new: &Field) {
        let was = old.schema.as_ref().map(|schema| &schema.value);
        let Some(is) = &new.schema else {
            if let Some(schema) = &old.schema {
                let finding = self.finding(
                    Change::RuleLoosened,
                    path,
                    format!("`{}` has no further keywords any more", dotted(path)),
                );
                self.findings.push(finding.old(self.before.label(&schema.span, "before: further keywords")));
            }
            return;
        };
        if was == Some(&is.value) {
            return;
        }
        let message = format!("the further keywords of `{}` are others", dotted(path));
        let mut finding = self.finding(Change::SchemaChanged, path, message);
        if let Some(schema) = &old.schema {
            finding = finding.old(self.before.label(&schema.span, "before: these"));
        }
        self.findings.push(finding.new_at(self.after.label(&is.span, "after: these")));
    }
}

/// Whether the field is in a profile, object or item, which may be absent and which a default may bring about.
fn is_within_optional(form: &Form, path: &[Step]) -> bool {
    (1..path.len()).any(|length| {
        field_at(form, &path[..length])
            .is_none_or(|field| !matches!(field.ty, FieldType::Group { implied: true, .. }))
    })
}

fn does_the_work_of(kept: Normalizer, step: Normalizer) -> bool {
    kept == step
        || matches!(
            (kept, step),
            (Normalizer::Squish, Normalizer::Trim) | (Normalizer::Nfkc, Normalizer::Nfc)
        )
}
