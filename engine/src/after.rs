//! What a rendered form does and says after a submission: `redirect_to` and the `flash` texts.
//!
//! A redirect leads where its author wrote that it does: a path of this site, or one literal origin. What a submission
//! puts into it is percent-encoded, so that no value can lead elsewhere. Compiled with the form; asked by the server.

use minijinja::value::{Serde, Value as Shown};
use minijinja::{Environment, Error};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::compile::CompiledForm;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Form, Spanned};
use crate::payload::{unknown_among, visible};
use crate::template::{self, Kind};

const REDIRECT: &str = "redirect_to";
const NOTICE: &str = "flash_notice";
const ALERT: &str = "flash_alert";

/// Steps that one of these texts may take.
const FUEL: u64 = template::MESSAGE_FUEL;
/// The most characters of a text that is said.
const TEXT_CHARACTERS: usize = 500;
/// The most bytes of a place to go to.
const REDIRECT_BYTES: usize = 2048;

/// What stays as it is in a value that becomes part of a URL (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A form's compiled templates.
#[derive(Debug)]
pub(crate) struct After {
    texts: Environment<'static>,
    redirects: Environment<'static>,
    /// The origin that its author sends people to, if it is another one.
    origin: Option<String>,
}

impl After {
    pub(crate) fn compile(form: &Form, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let said = &form.after;
        let mut redirects = template::environment_if(said.redirect_to.is_some(), FUEL);
        redirects.set_formatter(|out, _, value| {
            let text =
                if value.is_undefined() || value.is_none() { String::new() } else { value.to_string() };
            write!(out, "{}", utf8_percent_encode(&text, UNRESERVED)).map_err(Error::from)
        });
        let speaks = said.flash_notice.is_some() || said.flash_alert.is_some();
        let mut after = Self { texts: template::environment_if(speaks, FUEL), redirects, origin: None };
        let created: &[&str] = &["model", "form", "form_configuration"];
        let refused: &[&str] = &["form", "form_configuration"];
        if let Some(text) = &said.redirect_to {
            diagnostics.extend(check(form, &mut after.redirects, REDIRECT, text, created));
            match destination(&text.value) {
                Ok(origin) => after.origin = origin,
                Err(help) => {
                    let message = "this may lead people to another site than its author means".to_owned();
                    let found =
                        Diagnostic::new(Rule::InvalidTemplate, &form.source, text.span.clone(), message);
                    diagnostics.push(found.help(help));
                }
            }
        }
        for (name, text, roots) in
            [(NOTICE, &said.flash_notice, created), (ALERT, &said.flash_alert, refused)]
        {
            if let Some(text) = text {
                diagnostics.extend(check(form, &mut after.texts, name, text, roots));
            }
        }
        after
    }
}

fn check(
    form: &Form,
    environment: &mut Environment<'static>,
    name: &str,
    text: &Spanned<String>,
    roots: &[&str],
) -> Vec<Diagnostic> {
    let known = |chain: &[String]| unknown_among(form, chain, roots);
    template::check(environment, &form.source, name, Kind::Template, text, &known)
}

/// The origin that a redirect names, or none where it is a path of this site.
///
/// # Errors
/// With what to write, where what comes first is not the author's alone.
fn destination(redirect: &str) -> Result<Option<String>, &'static str> {
    let literal = ["{{", "{%", "{#"].iter().filter_map(|tag| redirect.find(tag)).min();
    let literal = &redirect[..literal.unwrap_or(redirect.len())];
    let help = "begin with a path, `/welcome`, or with an origin and a path, `https://example.com/`";
    if literal.contains('\\')
        || literal.contains(|character: char| character.is_control() || character == ' ')
    {
        return Err("a URL has no back slashes, spaces or control characters");
    }
    if literal.starts_with('/') {
        return if literal.starts_with("//") { Err(help) } else { Ok(None) };
    }
    let scheme =
        ["https://", "http://"].into_iter().find(|scheme| literal.starts_with(scheme)).ok_or(help)?;
    let rest = &literal[scheme.len()..];
    let end = rest.find(['/', '?', '#']);
    let host = match end {
        Some(end) => &rest[..end],
        // Only the end of the whole text ends the host otherwise.
        None if literal.len() == redirect.len() => rest,
        None => return Err(help),
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) {
        return Err(help);
    }
    Ok(Some(format!("{scheme}{host}")))
}

/// Where people go once something was created; nothing where the form does not say, or what it says cannot be used.
#[must_use]
pub fn redirect(form: &CompiledForm, values: &Map<String, Value>, id: i64) -> Option<String> {
    form.form.after.redirect_to.as_ref()?;
    let place = say(form, &form.after.redirects, REDIRECT, values, Some(id))?;
    // Where a value is empty, what is around it moves together.
    let sound = match &form.after.origin {
        Some(origin) => place.starts_with(origin.as_str()),
        None => place.starts_with('/') && !place.starts_with("//"),
    };
    let plain = place.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (sound && plain && place.len() <= REDIRECT_BYTES).then_some(place)
}

/// The origin that a form sends people to, if it is not this site's.
#[must_use]
pub fn origin(form: &CompiledForm) -> Option<&str> {
    form.after.origin.as_deref()
}

/// What is said once something was created.
#[must_use]
pub fn notice(form: &CompiledForm, values: &Map<String, Value>, id: i64) -> Option<String> {
    form.form.after.flash_notice.as_ref()?;
    say(form, &form.after.texts, NOTICE, values, Some(id)).map(shortened)
}

/// What is said of a refusal.
#[must_use]
pub fn alert(form: &CompiledForm, values: &Map<String, Value>) -> Option<String> {
    form.form.after.flash_alert.as_ref()?;
    say(form, &form.after.texts, ALERT, values, None).map(shortened)
}

fn say(
    form: &CompiledForm,
    environment: &Environment<'_>,
    name: &'static str,
    values: &Map<String, Value>,
    id: Option<i64>,
) -> Option<String> {
    let mut context = json!({
        "form": visible(&form.form, values),
        "form_configuration": { "name": form.name(), "version": form.version() },
    });
    if let Some(id) = id {
        context["model"] = json!({ "id": id });
    }
    template::render(environment, name, Shown::from(Serde(&context)))
        .inspect_err(|error| {
            tracing::error!(form = form.name(), text = name, kind = %error.kind(), "a form's text failed to render");
        })
        .ok()
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(TEXT_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_its_author_wrote() {
        for (redirect, origin) in [
            ("/welcome?id={{ model.id }}", None),
            ("/", None),
            ("/{{ form.first_name }}", None),
            ("https://shop.example/{{ model.id }}", Some("https://shop.example")),
            ("https://shop.example", Some("https://shop.example")),
            ("http://localhost:3000?a", Some("http://localhost:3000")),
        ] {
            assert_eq!(destination(redirect), Ok(origin.map(str::to_owned)), "{redirect}");
        }
        for redirect in [
            "",
            "{{ form.next }}",
            "//evil.example",
            "/\\evil.example",
            "https://{{ form.host }}/",
            "https://shop.example{{ form.rest }}",
            "https:/shop.example",
            "https://a@evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "welcome",
            " /welcome",
            "{# #}/welcome",
        ] {
            assert!(destination(redirect).is_err(), "{redirect}");
        }
    }
}
