//! The keys of a form.

use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::field::words_as_name;
use super::{Lowering, Table};
use crate::diagnostic::{Rule, alternatives, has_errors, nearest};
use crate::model::{Access, AfterSubmission, Form, RateLimit, Resource, Spam, Spanned, UnknownFields};

pub(super) const KEYS: [&str; 15] = [
    "name",
    "description",
    "resource",
    "access",
    "unknown_fields",
    "aliases",
    "rate_limit",
    "authorization_policies",
    "redirect_to",
    "flash_notice",
    "flash_alert",
    "spam",
    "fields",
    "default_payload",
    "examples",
];

/// The units of `per` with their length in seconds.
const UNITS: [(&str, u64); 4] = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400)];

/// The longest that a form may ask people to take.
const MOST_SECONDS: u32 = 600;

/// Whether a form or policy can have this name: `^[a-z0-9_]+(/[a-z0-9_]+)*$`.
pub(crate) fn is_name(name: &str) -> bool {
    name.split('/').all(|part| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

impl Lowering<'_> {
    pub(super) fn form(&mut self, table: &Table<'_>) -> Form {
        self.check_keys(table, &KEYS);
        let name = self.name(table);
        let resource = self.resource(table);
        let access = self.word(table, "access", &[("token", Access::Token), ("public", Access::Public)]);
        let unknown_fields = self.word(
            table,
            "unknown_fields",
            &[("reject", UnknownFields::Reject), ("ignore", UnknownFields::Ignore)],
        );
        let aliases = self.strings(table, "aliases");
        for alias in &aliases {
            self.check_name(alias, "an alias");
        }
        let form = Form {
            source: std::sync::Arc::clone(self.file),
            description: self.string(table, "description").map(|text| text.value),
            access,
            unknown_fields,
            rate_limit: self.rate_limit(table),
            policies: self.strings(table, "authorization_policies"),
            fields: self.form_fields(table, &resource),
            payload: self.payload(table),
            after: AfterSubmission {
                redirect_to: self.string(table, "redirect_to"),
                flash_notice: self.string(table, "flash_notice"),
                flash_alert: self.string(table, "flash_alert"),
            },
            spam: self.spam(table),
            examples: self.examples(table),
            name,
            resource: resource.value,
            aliases,
        };
        self.require_resource(table);
        form
    }

    fn require_resource(&mut self, table: &Table<'_>) {
        if table.get("resource").is_some() {
            return;
        }
        // One that is misspelt, or written below a field, is reported as such.
        if has_errors(&self.diagnostics) && mentions_resource(table.entries, 4) {
            return;
        }
        let diagnostic = self
            .diagnostic(Rule::MissingKey, table.span.clone(), "the form does not say what it creates")
            .help(format!("add `resource = \"{}\"`", Resource::ALL[0].name));
        self.report(diagnostic);
    }

    fn word<T: Copy + Default>(&mut self, table: &Table<'_>, key: &str, choices: &[(&str, T)]) -> T {
        self.string(table, key).and_then(|word| self.choice(key, &word, choices)).unwrap_or_default()
    }

    fn name(&mut self, table: &Table<'_>) -> Spanned<String> {
        if let Some(name) = self.string(table, "name") {
            self.check_name(&name, "a form's name");
            return name;
        }
        let name = Spanned::new(self.file.default_name.clone(), table.span.clone());
        if !is_name(&name.value) {
            let message =
                format!("the file's path gives the form the name `{}`, which is not one", name.value);
            let help = "rename the file to lower-case letters, digits and `_`, or set `name`";
            self.report(self.diagnostic(Rule::InvalidName, name.span.clone(), message).help(help));
        }
        name
    }

    fn check_name(&mut self, name: &Spanned<String>, what: &str) {
        if !is_name(&name.value) {
            let message = format!("`{}` cannot be {what}", name.value);
            let rule = "a name is lower-case letters, digits and `_`, in parts separated by `/`";
            let near = words_as_name(&name.value).to_lowercase();
            let help = if is_name(&near) {
                format!("write `{near}`: {rule}")
            } else {
                format!("{rule}: `developer/sign_up`")
            };
            self.report(self.diagnostic(Rule::InvalidName, name.span.clone(), message).help(help));
        }
    }

    /// The resource; the first there is where none can be read, so that the rest of the form is still looked at.
    fn resource(&mut self, table: &Table<'_>) -> Spanned<&'static Resource> {
        let names = || Resource::ALL.iter().map(|resource| resource.name);
        let fallback = |span| Spanned::new(Resource::ALL[0], span);
        if table.get("resource").is_none() {
            return fallback(table.span.clone());
        }
        let Some(name) = self.string(table, "resource") else { return fallback(table.span.clone()) };
        if let Some(resource) = Resource::from_name(&name.value) {
            return Spanned::new(resource, name.span);
        }
        let help = nearest(&name.value, names()).map_or_else(
            || format!("there is {}", alternatives(names())),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("there is no resource `{}`", name.value);
        self.report(self.diagnostic(Rule::UnknownResource, name.span.clone(), message).help(help));
        fallback(name.span)
    }

    fn spam(&mut self, table: &Table<'_>) -> Spam {
        let Some(spam) = table.get("spam").and_then(|node| self.table("spam", node, "`spam`")) else {
            return Spam::default();
        };
        self.check_keys(&spam, &["honeypot", "minimum_seconds"]);
        let minimum_seconds = self.count(&spam, "minimum_seconds").and_then(|seconds| {
            let taken = u32::try_from(seconds.value).ok().filter(|seconds| *seconds <= MOST_SECONDS);
            if taken.is_none() {
                let message = format!("`minimum_seconds` takes a whole number up to {MOST_SECONDS}");
                let help = "people who know what they want fill in a short form in a few seconds";
                self.report(self.diagnostic(Rule::WrongType, seconds.span, message).help(help));
            }
            taken
        });
        Spam { honeypot: self.flag(&spam, "honeypot"), minimum_seconds: minimum_seconds.unwrap_or_default() }
    }

    fn rate_limit(&mut self, table: &Table<'_>) -> RateLimit {
        let Some(node) = table.get("rate_limit") else { return RateLimit::Unstated };
        let limit = match node.get_ref() {
            DeValue::Boolean(false) => return RateLimit::Off,
            DeValue::Table(_) => self.table("rate_limit", node, "a rate limit"),
            _ => {
                self.wrong_type("rate_limit", "`false` or a table", node);
                None
            }
        };
        let Some(limit) = limit else { return RateLimit::Unstated };
        self.check_keys(&limit, &["requests", "per"]);
        let misspelt = limit.iter().any(|(key, _)| !["requests", "per"].contains(&key.value));
        for key in ["requests", "per"] {
            if limit.get(key).is_none() && !misspelt {
                let diagnostic = self
                    .diagnostic(Rule::MissingKey, node.span(), format!("a rate limit needs `{key}`"))
                    .help("write `rate_limit = { requests = 20, per = \"1 minute\" }`");
                self.report(diagnostic);
            }
        }
        let requests = self.count(&limit, "requests").and_then(|requests| {
            let count = u32::try_from(requests.value).ok().filter(|count| *count > 0);
            if count.is_none() {
                let message = format!("`requests` takes a whole number from 1 to {}", u32::MAX);
                self.report(self.diagnostic(Rule::WrongType, requests.span, message));
            }
            count
        });
        let per = self.string(&limit, "per").and_then(|per| {
            let duration = parse_duration(&per.value);
            if duration.is_none() {
                let message = format!("`per` takes a span of time, not `{}`", per.value);
                let help = "write a whole number and a unit: `1 minute`, `30 seconds`, `2 hours`, `1 day`";
                self.report(self.diagnostic(Rule::WrongType, per.span, message).help(help));
            }
            duration
        });
        match (requests, per) {
            (Some(requests), Some(per)) => RateLimit::Limit { requests, per },
            _ => RateLimit::Unstated,
        }
    }
}

/// Whether a key within so many levels of tables is, or is meant to be, `resource`.
fn mentions_resource(table: &DeTable<'_>, levels: usize) -> bool {
    table.iter().any(|(key, node)| {
        nearest(key.get_ref(), ["resource"]).is_some()
            || (levels > 0
                && node.get_ref().as_table().is_some_and(|inner| mentions_resource(inner, levels - 1)))
    })
}

/// `"1 minute"`, `"30 seconds"`; longer than zero, at most a year.
fn parse_duration(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_once(' ')?;
    let count: u64 = count.parse().ok()?;
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let seconds = count.checked_mul(seconds).filter(|seconds| (1..=365 * 86_400).contains(seconds))?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_names() {
        for name in ["a", "sign_up", "developer/sign_up", "2/3"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "/", "a/", "/a", "a//b", "Sign", "a-b", "a.b", "ż", "a b", "../a"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("1 minute"), Some(Duration::from_mins(1)));
        assert_eq!(parse_duration("90 seconds"), Some(Duration::from_secs(90)));
        for text in
            ["", "minute", "0 seconds", "1 fortnight", "-1 hours", "99999999999999999999 days", "2 years"]
        {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
