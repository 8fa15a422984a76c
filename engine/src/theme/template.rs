//! One template: read from a file, checked against what it can see, rendered within bounds.

use std::io::{self, Write};
use std::sync::Arc;

use minijinja::machinery::{Instruction, get_compiled_template};
use minijinja::value::Value as Shown;
use minijinja::{AutoEscape, Environment};

use crate::diagnostic::{Diagnostic, Rule, alternatives, has_errors, nearest};
use crate::messages::PAGE;
use crate::model::Spanned;
use crate::source::{ReadFault, SourceFile, Span};
use crate::syntax;
use crate::template::{self, Kind, Unknown, why};

use super::inline::{Inline, inline};

/// Steps that one template may take: a form's goes once over its fields, a field's over its options.
const FUEL: u64 = 200_000;

/// The one name under which a template stands in its environment; the ending has minijinja escape as in HTML.
const NAME: &str = "template.html";

/// What templates of each kind see, by how their names begin, and what they must show.
const SCOPES: [(&str, &[&str], &[&str]); 6] = [
    (
        "page",
        &["lang", "dir", "title", "description", "content", "style", "script", "rules", "words"],
        &["content", "style"],
    ),
    ("forms/", FORM, &["hidden", "summary"]),
    ("form", FORM, &["hidden", "summary"]),
    ("summary", &["alert", "errors", "words"], &["errors"]),
    ("created", &["notice", "action", "words"], &[]),
    ("failure", &["title", "messages", "words"], &[]),
];

const FORM: &[&str] = &[
    "title",
    "description",
    "submit",
    "action",
    "notice",
    "has_required",
    "fields",
    "field",
    "summary",
    "hidden",
    "words",
];

const NOTES: &[&str] = &["id", "help", "hint", "errors", "words"];
const ROW: &[&str] = &["name", "label", "content", "words"];
const FIELD: &[&str] = &[
    "id",
    "name",
    "label",
    "type",
    "value",
    "checked",
    "options",
    "errors",
    "required",
    "help",
    "hint",
    "placeholder",
    "notes",
    "content",
    "blank",
    "mark",
    "attributes",
    "described",
    "around",
    "words",
];

/// Why a template gives no text.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ThemeFault {
    /// There is none.
    #[error("there is no such template")]
    Missing,
    /// It failed, or took too many steps.
    #[error("{0}")]
    Failed(String),
    /// It grew too large.
    #[error("the page is larger than it may be")]
    TooLarge,
}

/// A template of a page.
pub struct Template {
    name: String,
    source: Arc<SourceFile>,
    environment: Environment<'static>,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Template").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Template {
    fn new(source: &Arc<SourceFile>) -> Self {
        let mut environment = template::environment(FUEL);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.remove_filter("safe");
        environment.remove_filter("tojson");
        Self { name: source.default_name.clone(), source: Arc::clone(source), environment }
    }

    /// A template of ours.
    pub(super) fn built_in(name: &str, text: &str) -> Self {
        let source = SourceFile::new(format!("{name}.html").into(), name.to_owned(), text.to_owned());
        let mut built = Self::new(&Arc::new(source));
        let compiled = template::compile(&mut built.environment, NAME, Kind::Template, text);
        debug_assert!(compiled.is_ok(), "{name}: {compiled:?}");
        built
    }

    /// Reads a file under `templates/`; what it is follows from its name.
    #[must_use]
    pub fn read(source: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Self, Vec<Diagnostic>) {
        let mut read = Self::new(source);
        if let Some(fault) = fault {
            return (read, vec![syntax::read_fault(source, fault)]);
        }
        let Some((visible, demanded)) = scope(&read.name) else {
            let names = ["page", "form", "summary", "created", "failure"];
            let help = nearest(&read.name, names).map_or_else(
                || {
                    format!(
                        "a template is called after {}, or is in `forms/` or `field/`",
                        alternatives(names)
                    )
                },
                |near| format!("did you mean `{near}.html`?"),
            );
            let message = format!("nothing on a page is called `{}`", read.name);
            return (read, vec![Diagnostic::new(Rule::InvalidTemplate, source, 0..0, message).help(help)]);
        };
        let text = Spanned::new(source.text.clone(), 0..source.text.len());
        let known = |chain: &[String]| {
            let (name, within) = chain.split_first()?;
            if !visible.contains(&name.as_str()) {
                return Some(template::not_among(Rule::InvalidTemplate, name, visible));
            }
            without(name, within.first()?)
        };
        let mut found = template::check(&mut read.environment, source, NAME, Kind::Template, &text, &known);
        if found.is_empty() {
            found.extend(read.unescaped());
            found.extend(read.left_out(demanded));
        }
        if found.is_empty()
            && let Err(error) = template::render(&read.environment, NAME, sample())
        {
            let place = error.range().unwrap_or(0..0);
            let message = format!("the template does not render: {}", why(&error));
            found.push(Diagnostic::new(Rule::InvalidTemplate, source, place, message));
        }
        found.extend(inline(&source.text).into_iter().map(|(kind, place)| {
            let (message, help) = match kind {
                Inline::Script => (
                    "no browser runs a script that stands in a page",
                    "put it into a file of this site's own, and load that in `page.html` with `<script src=\"…\">`",
                ),
                Inline::Style => (
                    "no browser heeds a style that stands in a page",
                    "put it into a file of this site's own, and load that in `page.html` with `<link rel=\"stylesheet\" href=\"…\">`",
                ),
            };
            Diagnostic::new(Rule::InlineCode, source, place, message.to_owned()).help(help)
        }));
        (read, found)
    }

    /// What it is called: its path under `templates/` without `.html`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything that was found in it and `between` it and forms, in the order of the text. HTML has no comments of
    /// ours, so nothing is silenced.
    #[must_use]
    pub fn reported(&self, found: &[Diagnostic], between: &[Diagnostic]) -> Vec<Diagnostic> {
        // First it has to work.
        let works = !has_errors(found);
        let own = between.iter().filter(|between| {
            Arc::ptr_eq(&between.primary.file, &self.source) && (works || between.rule != Rule::UnfitTemplate)
        });
        let mut all: Vec<Diagnostic> = found.iter().chain(own).cloned().collect();
        all.sort_by_key(|found| found.primary.span.start);
        all
    }

    /// The form that it shows, if it is the template of one.
    #[must_use]
    pub fn of_form(&self) -> Option<&str> {
        self.name.strip_prefix("forms/")
    }

    /// The widget that it shows, if it is the template of one.
    #[must_use]
    pub fn of_widget(&self) -> Option<&str> {
        self.name.strip_prefix("field/").filter(|name| !["notes", "row"].contains(name))
    }

    /// The file that it is from.
    pub(crate) fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// The fields that a form's template shows one by one.
    pub(crate) fn shown_fields(&self) -> ShownFields {
        let mut shown = ShownFields::default();
        let Ok(template) = self.environment.get_template(NAME) else { return shown };
        for (used, place) in template::uses(&template, Kind::Template) {
            let template::Use::Variable(mut chain) = used else { continue };
            match (chain.remove(0).as_str(), chain.is_empty()) {
                ("field", false) => shown.named.push((chain, place.unwrap_or_default())),
                ("field" | "fields", _) => shown.may_show_any = true,
                _ => {}
            }
        }
        shown
    }

    /// A part that would not be escaped.
    fn unescaped(&self) -> Option<Diagnostic> {
        let template = self.environment.get_template(NAME).ok()?;
        let instructions = &get_compiled_template(&template).instructions;
        let mut all = (0..).map_while(|index| Some((index, instructions.get(index)?)));
        let (index, _) = all.find(|(_, instruction)| matches!(instruction, Instruction::PushAutoEscape))?;
        let place = instructions.get_span(index);
        let place = place.map_or(0..0, |span| span.start_offset as usize..span.end_offset as usize);
        let message = "a template cannot decide what is escaped: everything is";
        Some(
            Diagnostic::new(Rule::InvalidTemplate, &self.source, place, message.to_owned())
                .help("remove the tag `autoescape`"),
        )
    }

    /// What it must show and does not.
    fn left_out(&self, demanded: &[&str]) -> Option<Diagnostic> {
        let template = self.environment.get_template(NAME).ok()?;
        let uses = template::uses(&template, Kind::Template);
        let is_used = |name: &str| {
            uses.iter().any(|(used, _)| matches!(used, template::Use::Variable(chain) if chain[0] == name))
        };
        let missing = demanded.iter().find(|name| !is_used(name))?;
        let message = format!("the template leaves out `{missing}`, without which the page does not work");
        let help = format!("put `{{{{ {missing} }}}}` where it belongs");
        Some(Diagnostic::new(Rule::InvalidTemplate, &self.source, 0..0, message).help(help))
    }

    /// Renders it.
    pub(super) fn render(&self, context: Shown, limit: usize) -> Result<String, ThemeFault> {
        let failed = |error: &minijinja::Error| ThemeFault::Failed(error.kind().to_string());
        let template = self.environment.get_template(NAME).map_err(|error| failed(&error))?;
        let mut output = Bounded { bytes: Vec::new(), limit };
        let rendered = template.render_captured_to(context, &mut output).map(|_| ());
        if output.limit == 0 {
            return Err(ThemeFault::TooLarge);
        }
        rendered.map_err(|error| failed(&error))?;
        String::from_utf8(output.bytes).map_err(|_| ThemeFault::Failed("not UTF-8".to_owned()))
    }
}

/// Which fields a form's template shows.
#[derive(Default)]
pub(crate) struct ShownFields {
    /// What is looked up in `field`, word for word, with its place.
    pub(crate) named: Vec<(Vec<String>, Span)>,
    /// Whether it may show others: all of them, or what it finds out as it goes.
    pub(crate) may_show_any: bool,
}

/// Why there is nothing of this name within a variable, where there can be nothing.
fn without(variable: &str, name: &str) -> Option<Unknown> {
    let help = match variable {
        // Lists, and what `unfit-template` looks at.
        "field" | "errors" | "options" | "messages" => return None,
        "words" => {
            let words = || PAGE.iter().filter(|(_, params)| params.is_empty()).map(|(word, _)| *word);
            if words().any(|word| word == name) {
                return None;
            }
            return Some(template::not_among(Rule::InvalidTemplate, name, &words().collect::<Vec<_>>()));
        }
        "fields" => format!("one field alone is `field[\"{name}\"]`, by its whole path"),
        _ => format!("write `{{{{ {variable} }}}}`"),
    };
    let message = format!("`{variable}` has nothing in it that is called `{name}`");
    Some(Unknown { rule: Rule::InvalidTemplate, message, help })
}

/// What a template of this name sees, and what it must show; nothing where there is no such template.
fn scope(name: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    match name.strip_prefix("field/") {
        Some("notes") => Some((NOTES, &["errors"])),
        Some("row") => Some((ROW, &["content", "name"])),
        Some(_) => Some((FIELD, &["notes"])),
        None => {
            let is_of = |kind: &str| name == kind || kind.ends_with('/') && name.starts_with(kind);
            SCOPES.iter().find(|(kind, ..)| is_of(kind)).map(|(_, visible, demanded)| (*visible, *demanded))
        }
    }
}

/// A context with everything that any template sees.
fn sample() -> Shown {
    let html = || Shown::from_safe_string("<p>sample</p>".to_owned());
    let text = || Shown::from("sample");
    let option = minijinja::context! { value => "a", label => "A", selected => true, id => "field-a" };
    let error = minijinja::context! { label => "Label", message => "is invalid", href => "#field-a" };
    let words =
        Shown::from_pairs([("submit", text()), ("add", text()), ("remove", text()), ("error", text())]);
    let markup = [
        "content",
        "fields",
        "summary",
        "hidden",
        "notes",
        "blank",
        "mark",
        "attributes",
        "described",
        "around",
    ];
    let texts = [
        "lang",
        "dir",
        "title",
        "style",
        "script",
        "description",
        "submit",
        "action",
        "notice",
        "alert",
        "id",
        "name",
        "label",
        "type",
        "value",
        "help",
        "hint",
        "placeholder",
    ];
    let mut context: Vec<(&str, Shown)> = markup.iter().map(|name| (*name, html())).collect();
    context.extend(texts.iter().map(|name| (*name, text())));
    context.push(("options", Shown::from(vec![option])));
    context.push(("errors", Shown::from(vec![error])));
    context.push(("messages", Shown::from(vec![text()])));
    context.push(("words", words));
    context.extend(["required", "checked", "has_required"].map(|name| (name, Shown::from(true))));
    Shown::from_pairs(context)
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    /// 0 once more came.
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            self.limit = 0;
            return Err(io::Error::other("too large"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
