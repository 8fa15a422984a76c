//! Where a field is in a form, and how one field refers to another.

use crate::model::{Field, FieldType, Form};

/// One step from a form to a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the field of this name in a group or object.
    Key(String),
    /// To each item of an array.
    Item,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// Into an object, by key.
    Key(String),
    /// Into an array, by index from 0.
    Index(usize),
}

/// A field that a reference names.
#[derive(Clone, Debug)]
pub struct Target<'f> {
    /// The way to it from the form.
    pub path: Vec<Step>,
    /// The field itself.
    pub field: &'f Field,
}

impl Target<'_> {
    /// How many steps lead to the innermost item that the field is in; 0 is the form itself.
    #[must_use]
    pub fn scope(&self) -> usize {
        self.path.iter().rposition(|step| *step == Step::Item).map_or(0, |at| at + 1)
    }
}

/// The dotted path of a field, as `errors`, templates and locales say it, without the indexes of items.
#[must_use]
pub fn dotted(path: &[Step]) -> String {
    let keys = path.iter().filter_map(|step| match step {
        Step::Key(name) => Some(name.as_str()),
        Step::Item => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

impl Form {
    /// The field that `written`, a dotted path, names where it stands at `owner`.
    ///
    /// Within the items of an array a path begins at the item; if nothing is found there, and everywhere else, at the
    /// form. So an item can speak of its own fields and of the form's, and never of those of another item.
    #[must_use]
    pub fn resolve(&self, owner: &[Step], written: &str) -> Option<Target<'_>> {
        let scopes = (0..=owner.len()).rev().filter(|at| *at == 0 || owner[at - 1] == Step::Item);
        scopes.into_iter().find_map(|scope| {
            let fields = self.fields_at(&owner[..scope])?;
            let field = find(fields, written)?;
            let keys = written.split('.').map(|name| Step::Key(name.to_owned()));
            Some(Target { path: owner[..scope].iter().cloned().chain(keys).collect(), field })
        })
    }

    /// The fields of the form, or of the object, group or item that a path leads to.
    #[must_use]
    pub fn fields_at(&self, path: &[Step]) -> Option<&[Field]> {
        let mut fields = self.fields.as_slice();
        let mut field: Option<&Field> = None;
        for step in path {
            let next = match step {
                Step::Key(name) => fields.iter().find(|field| field.name.value == *name)?,
                Step::Item => field?.items()?,
            };
            fields = next.fields();
            field = Some(next);
        }
        Some(fields)
    }

    /// Every dotted path that a reference at `owner` can name, with its field.
    #[must_use]
    pub fn referable(&self, owner: &[Step]) -> Vec<(String, &Field)> {
        let mut found = Vec::new();
        for scope in (0..=owner.len()).rev().filter(|at| *at == 0 || owner[at - 1] == Step::Item) {
            collect(self.fields_at(&owner[..scope]).unwrap_or_default(), "", &mut found);
        }
        found
    }
}

fn find<'f>(fields: &'f [Field], written: &str) -> Option<&'f Field> {
    let (name, rest) = written.split_once('.').map_or((written, None), |(name, rest)| (name, Some(rest)));
    let field = fields.iter().find(|field| field.name.value == name)?;
    rest.map_or(Some(field), |rest| find(field.fields(), rest))
}

fn collect<'f>(fields: &'f [Field], base: &str, found: &mut Vec<(String, &'f Field)>) {
    for field in fields {
        let path =
            if base.is_empty() { field.name.value.clone() } else { format!("{base}.{}", field.name.value) };
        // A group of which nothing but its members can be said is not offered itself.
        if !matches!(field.ty, FieldType::Group { .. }) {
            found.push((path.clone(), field));
        }
        collect(field.fields(), &path, found);
    }
}
