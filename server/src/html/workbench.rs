//! The workbench's pages: what a route shows → HTML.
//!
//! Templates are embedded and escape whatever they are given; what is HTML already comes from here alone. Called by
//! `http::workbench`.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::{assets, page};
use crate::http::error::ApiError;

macro_rules! templates {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("workbench/", $name)))),*] };
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in templates![
        "changes.html" "diagnostics.html" "error.html" "examples.html" "form.html" "forms.html" "frame.html"
        "preview.html" "records.html" "request.html" "schema.html" "sign_in.html" "source.html" "trial.html"
    ] {
        // A template that does not compile is missing, and a test asks for each.
        if let Err(error) = environment.add_template(name, text) {
            tracing::error!(error = &error as &dyn std::error::Error, name, "a template does not compile");
        }
    }
    environment
});

/// What surrounds the content of a page.
pub(crate) struct Frame<'a> {
    /// What the page is called.
    pub(crate) title: &'a str,
    /// Which part of the workbench it belongs to.
    pub(crate) section: Section,
    /// Which changes it has seen; a page without them does not follow changes.
    pub(crate) stamp: Option<u64>,
    /// The token of whoever is signed in, by its name.
    pub(crate) visitor: Option<&'a str>,
}

/// A part of the workbench.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Forms,
    Try,
    Records,
    /// None of them: who sees it may see no other.
    Outside,
}

impl Section {
    fn name(self) -> &'static str {
        match self {
            Self::Forms => "forms",
            Self::Try => "try",
            Self::Records => "records",
            Self::Outside => "outside",
        }
    }
}

/// Anything that is shown, for a template.
pub(crate) fn listed<T: Serialize + ?Sized>(shown: &T) -> Value {
    Value::from(Serde(shown))
}

/// A piece of HTML, to be put into a page or another piece.
pub(crate) fn piece(template: &str, content: Value) -> Result<Value, ApiError> {
    let rendered = TEMPLATES.get_template(template).and_then(|template| template.render(content));
    rendered.map(Value::from_safe_string).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, template, "a page cannot be made");
        ApiError::Defect
    })
}

/// A whole page.
pub(crate) fn framed(status: StatusCode, frame: &Frame<'_>, content: Value) -> Result<Response, ApiError> {
    let whole = context! {
        title => frame.title,
        section => frame.section.name(),
        stamp => frame.stamp,
        visitor => frame.visitor,
        content,
        style => assets::path("workbench.css"),
        script => assets::path("workbench.js"),
    };
    Ok(page(status, piece("frame.html", whole)?.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_compiles_and_escapes() {
        assert_eq!(TEMPLATES.templates().count(), 14);
        let hostile = "<script>alert(1)</script>'\"&";
        let frame = Frame { title: hostile, section: Section::Forms, stamp: Some(1), visitor: Some(hostile) };
        let content = context! { status => 404, message => hostile };
        let text = piece("error.html", content).map(|text| text.to_string()).unwrap_or_default();
        assert!(text.contains("&lt;script&gt;") && !text.contains("<script>alert"), "{text}");
        assert!(framed(StatusCode::OK, &frame, Value::from("")).is_ok());
    }
}
