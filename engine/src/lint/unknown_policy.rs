//! `unknown-policy`: a form names a policy that there is not, or that cannot be used.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest};
use crate::lower::is_name;
use crate::model::Spanned;
use crate::source::SourceFile;

/// The policies of a directory by name; of those that cannot be used, what is wrong with them.
pub type KnownPolicies<'p> = BTreeMap<&'p str, Option<&'p Diagnostic>>;

/// So many policies are listed where none is near to what was written.
const SHOWN: usize = 8;

/// What is wrong with the policies that a form names. To serve it all the same would be to allow nobody or everybody.
#[must_use]
pub fn unknown_policies(
    file: &Arc<SourceFile>,
    names: &[Spanned<String>],
    known: &KnownPolicies<'_>,
) -> Vec<Diagnostic> {
    let unknown = names.iter().filter_map(|name| {
        let (message, help, fault) = match known.get(name.value.as_str()) {
            Some(None) => return None,
            Some(Some(fault)) => (
                format!("the policy `{}` has errors, and so allows nothing", name.value),
                "mend the policy: until then the form is not served".to_owned(),
                Some(fault),
            ),
            None => (format!("there is no policy `{}`", name.value), instead(&name.value, known), None),
        };
        let found = Diagnostic::new(Rule::UnknownPolicy, file, name.span.clone(), message).help(help);
        Some(match fault {
            Some(fault) => {
                found.also(&fault.primary.file, fault.primary.span.clone(), "this is wrong with it")
            }
            None => found,
        })
    });
    unknown.collect()
}

/// What to write instead of a name that no policy has.
fn instead(name: &str, known: &KnownPolicies<'_>) -> String {
    if let Some(near) = nearest(name, known.keys().copied()) {
        return format!("did you mean `{near}`?");
    }
    if !is_name(name) {
        return "a policy goes by its path under `policies/` without `.toml`: lower-case letters, digits and `_`".to_owned();
    }
    let file = format!("a policy is a file: write `policies/{name}.toml` with `allow = \"…\"`");
    if known.is_empty() || known.len() > SHOWN {
        return file;
    }
    format!("there is {}; {file}", alternatives(known.keys().copied()).replace(" or ", " and "))
}
