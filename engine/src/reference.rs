//! What an author may mean who names a field that the form does not have.
//!
//! Called by `payload` and `lint`.

use crate::diagnostic::{alternatives, nearest, nearest_path};
use crate::model::{BuiltInType, Form, Step};

/// What is wrong with a path that names no field at `owner`, and what to write instead.
pub(crate) fn missing(form: &Form, owner: &[Step], written: &str) -> (String, String) {
    let within = written.match_indices('.').find_map(|(at, _)| {
        let target = form.resolve(owner, &written[..at])?;
        (!matches!(target.field.fields(), [_, ..])).then_some((&written[..at], target.field))
    });
    if let Some((path, field)) = within {
        let inner = &written[(path.len() + 1)..];
        let inside = field.items().is_some() && form.resolve(owner, inner).is_some();
        return if inside && owner.contains(&Step::Item) {
            (
                format!("`{path}` is an array, and this is said of each of its items"),
                format!("did you mean `{inner}`?"),
            )
        } else if field.items().is_some() {
            let message = format!("`{path}` is an array: outside of it its items cannot be named");
            (message, format!("name `{path}` itself, or write what concerns its items within `items`"))
        } else {
            let message = format!("`{path}` is a single value and has no `{}`", &written[(path.len() + 1)..]);
            (message, format!("write `{path}`"))
        };
    }
    let message = format!("`{written}` is not a field of this form");
    if let Some(help) = unlisted(form, written) {
        return (message, help);
    }
    let known: Vec<String> = form.referable(owner).into_iter().map(|(path, _)| path).collect();
    let names = || known.iter().map(String::as_str);
    let help = match nearest_path(written, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => near_built_in(form, written).unwrap_or_else(|| {
            format!("the form declares {}", alternatives(names()).replace(" or ", " and "))
        }),
    };
    (message, help)
}

/// What to write for what is nearly the name of a built-in field that the form does not list.
pub(crate) fn near_built_in(form: &Form, written: &str) -> Option<String> {
    let first = written.split('.').next()?;
    let listed = |name| form.fields.iter().any(|field| field.name.value == name);
    let members = form.resource.members.iter();
    let names = members
        .filter(|member| !matches!(member.ty, BuiltInType::Password))
        .map(|member| member.name)
        .filter(|name| !listed(*name));
    let near = nearest(first, names)?;
    Some(format!("did you mean `{near}`? It has to be listed then: `[fields.{near}]`"))
}

/// What to add for a built-in field that the form does not list.
pub(crate) fn unlisted(form: &Form, written: &str) -> Option<String> {
    let first = written.split('.').next()?;
    let member = form.resource.member(first)?;
    if form.fields.iter().any(|field| field.name.value == first) {
        return None;
    }
    Some(match member.ty {
        BuiltInType::Properties | BuiltInType::Profiles => format!("add `[fields.{written}]`"),
        _ => format!("add `[fields.{first}]`: a built-in field is there only where the form lists it"),
    })
}
