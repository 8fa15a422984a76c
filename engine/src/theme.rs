//! Templates of pages: the default theme, what authors override of it, and how a page is made of a presentation.
//!
//! In: a file under `templates/`, or a page's content as data. Out: a checked template, or HTML. Every value is escaped
//! where it is put in, and no template can say otherwise: there is no `safe` and no `autoescape`. What is HTML already
//! was made here. Called by `registry` and `lint` for files, and by the server for each page.

mod inline;
mod template;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use minijinja::HtmlEscape;
use minijinja::value::{Serde, Value as Shown};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::messages::{Languages, Locales, Words};
use crate::presentation::{Input, OWN, Presentation};

pub use template::{Template, ThemeFault};

/// The most bytes of one page.
const PAGE_BYTES: usize = 8 << 20;

/// The templates that every theme has.
const DEFAULTS: [(&str, &str); 15] = [
    ("page", include_str!("theme/page.html")),
    ("form", include_str!("theme/form.html")),
    ("summary", include_str!("theme/summary.html")),
    ("created", include_str!("theme/created.html")),
    ("failure", include_str!("theme/failure.html")),
    ("field/notes", include_str!("theme/field/notes.html")),
    ("field/input", include_str!("theme/field/input.html")),
    ("field/textarea", include_str!("theme/field/textarea.html")),
    ("field/select", include_str!("theme/field/select.html")),
    ("field/radio", include_str!("theme/field/radio.html")),
    ("field/checkboxes", include_str!("theme/field/checkboxes.html")),
    ("field/checkbox", include_str!("theme/field/checkbox.html")),
    ("field/group", include_str!("theme/field/group.html")),
    ("field/list", include_str!("theme/field/list.html")),
    ("field/row", include_str!("theme/field/row.html")),
];

static DEFAULT: LazyLock<HashMap<&'static str, Template>> =
    LazyLock::new(|| DEFAULTS.iter().map(|(name, text)| (*name, Template::built_in(name, text))).collect());

/// What authors override of the default theme, by name.
#[derive(Clone, Debug, Default)]
pub struct Theme(BTreeMap<String, Arc<Template>>);

/// What a page loads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Assets<'a> {
    /// The path of its style sheet.
    pub style: &'a str,
    /// The path of its script; none where it needs none.
    pub script: &'a str,
}

impl Assets<'_> {
    /// The same for a page that has nothing to run.
    fn without_script(self) -> Self {
        Self { script: "", ..self }
    }
}

/// What a page says of itself.
#[derive(Default)]
struct Head<'a> {
    title: &'a str,
    description: Option<&'a str>,
    /// What its script goes by.
    rules: Option<&'a str>,
}

/// A form's page besides the form itself.
#[derive(Debug, Default)]
pub struct FormPage<'a> {
    /// The form's name.
    pub form: &'a str,
    /// Where it is sent.
    pub action: &'a str,
    /// Controls of our own with their values, whose names begin with [`OWN`].
    pub hidden: &'a [(&'static str, String)],
    /// The name of a control that people do not see, if the form has one.
    pub honeypot: Option<&'a str>,
    /// What is said of something that was created before.
    pub notice: Option<&'a str>,
    /// What is said of a refusal.
    pub alert: Option<&'a str>,
    /// What is wrong: the dotted path and the message of each.
    pub errors: &'a [(String, String)],
    /// The schema and messages for the script, as JSON.
    pub rules: Option<&'a str>,
    /// What it loads.
    pub assets: Assets<'a>,
}

#[derive(Serialize)]
struct Error {
    label: String,
    message: String,
    href: Option<String>,
}

impl Theme {
    /// What authors override.
    #[must_use]
    pub fn new(templates: impl IntoIterator<Item = Arc<Template>>) -> Self {
        Self(templates.into_iter().map(|template| (template.name().to_owned(), template)).collect())
    }

    /// The names of its templates, without those that every theme has.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The page of a form.
    ///
    /// # Errors
    /// When neither an author's template nor ours renders within its bounds.
    pub fn form(
        &self,
        locales: &Locales,
        languages: &Languages,
        presentation: &Presentation,
        page: &FormPage<'_>,
    ) -> Result<String, ThemeFault> {
        let words = Words::new(locales, languages, page.form);
        let renderer = Renderer { theme: self, words: words.all() };
        let mut field: Map<String, Value> = Map::new();
        let mut fields = String::new();
        for input in &presentation.inputs {
            let html = renderer.input(input)?;
            fields.push_str(&html);
            field.insert(input.name.clone(), html.into());
        }
        let field: BTreeMap<String, Shown> = field
            .into_iter()
            .map(|(name, html)| (name, Shown::from_safe_string(html.as_str().unwrap_or_default().to_owned())))
            .collect();
        let errors: Vec<Error> =
            page.errors.iter().map(|(path, message)| error(&presentation.inputs, path, message)).collect();
        let summary =
            renderer.render(&["summary"], &json!({ "alert": page.alert, "errors": errors }), &[])?;
        let shown = json!({
            "title": presentation.title,
            "description": presentation.description,
            "submit": presentation.submit,
            "action": page.action,
            "notice": page.notice,
            "has_required": presentation.inputs.iter().any(is_marked),
        });
        let own = format!("forms/{}", page.form);
        let safe = [
            ("fields", Shown::from_safe_string(fields)),
            ("field", Shown::from_object(Fields(field))),
            ("summary", Shown::from_safe_string(summary)),
            ("hidden", Shown::from_safe_string(hidden(page))),
        ];
        let content = renderer.render(&[&own, "form"], &shown, &safe)?;
        let mut title = Map::new();
        title.insert("title".into(), presentation.title.clone().into());
        let title = if page.alert.is_some() {
            words.of_page("error_title", &title)
        } else {
            presentation.title.clone()
        };
        let head =
            Head { title: &title, description: presentation.description.as_deref(), rules: page.rules };
        renderer.page(&words, &head, content, page.assets)
    }

    /// The page that says that something was created.
    ///
    /// # Errors
    /// When no template renders within its bounds.
    pub fn created(
        &self,
        locales: &Locales,
        languages: &Languages,
        page: &FormPage<'_>,
    ) -> Result<String, ThemeFault> {
        let words = Words::new(locales, languages, page.form);
        let renderer = Renderer { theme: self, words: words.all() };
        let shown = json!({ "notice": page.notice, "action": page.action });
        let content = renderer.render(&["created"], &shown, &[])?;
        let title = words.of_page("created", &Map::new());
        renderer.page(
            &words,
            &Head { title: &title, ..Head::default() },
            content,
            page.assets.without_script(),
        )
    }

    /// A page that says why there is nothing to see.
    ///
    /// # Errors
    /// When no template renders within its bounds.
    pub fn failure(
        &self,
        locales: &Locales,
        languages: &Languages,
        title: &str,
        messages: &[String],
        assets: Assets<'_>,
    ) -> Result<String, ThemeFault> {
        let words = Words::new(locales, languages, "");
        let renderer = Renderer { theme: self, words: words.all() };
        let content = renderer.render(&["failure"], &json!({ "title": title, "messages": messages }), &[])?;
        renderer.page(&words, &Head { title, ..Head::default() }, content, assets.without_script())
    }
}

/// The HTML of each field by its name, which may hold dots.
#[derive(Debug)]
struct Fields(BTreeMap<String, Shown>);

impl minijinja::value::Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Shown) -> Option<Shown> {
        self.0.get(key.as_str()?).cloned()
    }
}

struct Renderer<'a> {
    theme: &'a Theme,
    words: Map<String, Value>,
}

impl Renderer<'_> {
    /// Renders the first of these templates that there is; where an author's fails, the next.
    fn render(
        &self,
        names: &[&str],
        context: &Value,
        safe: &[(&'static str, Shown)],
    ) -> Result<String, ThemeFault> {
        let mut whole: BTreeMap<&str, Shown> = context
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), Shown::from(Serde(value))))
            .collect();
        whole.insert("words", Shown::from(Serde(&self.words)));
        whole.extend(safe.iter().cloned());
        let context = Shown::from_pairs(whole);
        for name in names {
            if let Some(template) = self.theme.0.get(*name) {
                match template.render(context.clone(), PAGE_BYTES) {
                    Ok(text) => return Ok(text),
                    // The theme's own stands in: people are owed the form, however it looks.
                    Err(fault) => tracing::error!(template = *name, %fault, "a template failed to render"),
                }
            }
        }
        let known = names.iter().find_map(|name| DEFAULT.get(*name));
        known.ok_or(ThemeFault::Missing)?.render(context, PAGE_BYTES)
    }

    fn page(
        &self,
        words: &Words<'_>,
        head: &Head<'_>,
        content: String,
        assets: Assets<'_>,
    ) -> Result<String, ThemeFault> {
        let (lang, dir) = words.language();
        let shown = json!({
            "lang": lang, "dir": dir, "title": head.title, "description": head.description,
            "style": assets.style, "script": assets.script,
        });
        let safe = [
            ("content", Shown::from_safe_string(content)),
            (
                "rules",
                head.rules.map_or(Shown::from(()), |rules| Shown::from_safe_string(within_script(rules))),
            ),
        ];
        self.render(&["page"], &shown, &safe)
    }

    fn input(&self, input: &Input) -> Result<String, ThemeFault> {
        let notes = json!({ "id": input.id, "help": input.help, "hint": input.hint, "errors": input.errors });
        let notes = self.render(&["field/notes"], &notes, &[])?;
        let mut content = String::new();
        for inner in &input.inputs {
            content.push_str(&if input.kind == "list" { self.row(inner)? } else { self.input(inner)? });
        }
        let blank = input.blank.as_ref().map(|row| self.row(row)).transpose()?.unwrap_or_default();
        let described = described(input);
        let shown = json!({
            "id": input.id, "name": input.name, "label": input.label, "type": control_type(input.kind),
            "value": input.value, "checked": input.checked, "options": input.options, "errors": input.errors,
            "required": input.required, "help": input.help, "hint": input.hint, "placeholder": placeholder(input),
        });
        // Where a control itself cannot say that it is required, the mark is read out.
        let mark = match input.kind {
            _ if !input.required => "",
            "checkboxes" | "list" | "group" => "<span class=\"mark\">\u{a0}*</span>",
            _ => "<span class=\"mark\" aria-hidden=\"true\">\u{a0}*</span>",
        };
        let safe = [
            ("notes", notes),
            ("content", content),
            ("blank", blank),
            ("mark", mark.to_owned()),
            ("attributes", attributes(input, &described)),
            ("described", described.clone()),
            ("around", around(input)),
        ]
        .map(|(name, html)| (name, Shown::from_safe_string(html)));
        let (own, kind) = (format!("field/{}", input.widget), format!("field/{}", input.kind));
        self.render(&[&own, &kind, template_of(input.kind)], &shown, &safe)
    }

    fn row(&self, row: &Input) -> Result<String, ThemeFault> {
        let safe = [("content", Shown::from_safe_string(self.input(row)?))];
        self.render(&["field/row"], &json!({ "name": row.name, "label": row.label }), &safe)
    }
}

fn is_marked(input: &Input) -> bool {
    input.required || input.inputs.iter().any(is_marked)
}

/// The template of ours for a kind of control.
fn template_of(kind: &str) -> &'static str {
    match kind {
        "textarea" => "field/textarea",
        "select" => "field/select",
        "radio" => "field/radio",
        "checkboxes" => "field/checkboxes",
        "checkbox" => "field/checkbox",
        "group" => "field/group",
        "list" => "field/list",
        _ => "field/input",
    }
}

fn control_type(kind: &str) -> &str {
    if kind == "datetime" { "datetime-local" } else { kind }
}

fn placeholder(input: &Input) -> Option<&str> {
    input.attributes.iter().find(|(name, _)| *name == "placeholder").map(|(_, text)| text.as_str())
}

/// An attribute with a space before it.
fn attribute(into: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = write!(into, " {name}=\"{}\"", HtmlEscape(value));
}

/// What describes a control.
fn described(input: &Input) -> String {
    let notes = [("help", input.help.is_some()), ("hint", input.hint.is_some()), ("error", true)];
    let ids: Vec<String> =
        notes.iter().filter(|(_, there)| *there).map(|(note, _)| format!("{}-{note}", input.id)).collect();
    let mut text = String::new();
    attribute(&mut text, "aria-describedby", &ids.join(" "));
    if input.kind == "radio" && is_told_required(input) {
        attribute(&mut text, "aria-required", "true");
    }
    text
}

/// Whether people are told that a value is demanded and browsers are not: what it is in may be absent, or its condition
/// not hold.
fn is_told_required(input: &Input) -> bool {
    input.required && !input.attributes.iter().any(|(name, _)| *name == "required")
}

/// The attributes of a control, as HTML.
fn attributes(input: &Input, described: &str) -> String {
    let mut text = String::new();
    let several = ["radio", "checkboxes"].contains(&input.kind);
    let is_list = input.kind == "list";
    if !is_list {
        if !several {
            attribute(&mut text, "id", &input.id);
            text.push_str(described);
            if is_told_required(input) {
                attribute(&mut text, "aria-required", "true");
            }
        }
        attribute(&mut text, "name", &input.name);
        if !input.errors.is_empty() && input.kind != "radio" {
            attribute(&mut text, "aria-invalid", "true");
        }
    }
    for (name, value) in &input.attributes {
        match (*name, value.as_str()) {
            ("required", "") if input.kind == "checkboxes" => {}
            (name, "") => {
                text.push(' ');
                text.push_str(name);
            }
            (name, value) => attribute(&mut text, name, value),
        }
    }
    text
}

/// What the script has to know of the whole field.
fn around(input: &Input) -> String {
    let mut text = String::new();
    attribute(&mut text, "data-field", &input.name);
    attribute(&mut text, "data-kind", input.kind);
    if let Some(when) = &input.when {
        attribute(&mut text, "data-when", &when.to_string());
    }
    if input.optional {
        text.push_str(" data-optional");
    }
    text
}

/// What a page sends besides what people enter. The first button is what the Enter key presses.
fn hidden(page: &FormPage<'_>) -> String {
    let mut text = String::from("<button type=\"submit\" hidden></button>");
    for (name, value) in page.hidden {
        text.push_str("<input type=\"hidden\"");
        attribute(&mut text, "name", &format!("{OWN}{name}"));
        attribute(&mut text, "value", value);
        text.push('>');
    }
    if let Some(name) = page.honeypot {
        let label = HtmlEscape(name);
        let _ = write!(
            text,
            "<div class=\"visually-hidden\" aria-hidden=\"true\"><label for=\"{label}\">{label}</label>\
             <input type=\"text\" id=\"{label}\" name=\"{label}\" tabindex=\"-1\" autocomplete=\"off\"></div>"
        );
    }
    text
}

/// What an error is about, with a way to it where the page has one.
fn error(inputs: &[Input], path: &str, message: &str) -> Error {
    let mut rows = String::new();
    let found = find(inputs, path, &mut rows);
    let label = found.map_or_else(
        || if path == "base" { String::new() } else { path.to_owned() },
        |input| rows + &input.label,
    );
    Error { label, message: message.to_owned(), href: found.map(|input| format!("#{}", input.id)) }
}

/// The control of a path, or what holds the control that it is one value of; `rows` gets what the rows around it are
/// called.
fn find<'i>(inputs: &'i [Input], path: &str, rows: &mut String) -> Option<&'i Input> {
    let is_or_holds = |input: &&Input| {
        path.strip_prefix(input.name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let input = inputs.iter().find(is_or_holds)?;
    if input.name == path {
        return Some(input);
    }
    if input.name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        rows.push_str(&input.label);
        rows.push_str(": ");
    }
    find(&input.inputs, path, rows).or_else(|| (input.kind == "checkboxes").then_some(input))
}

/// JSON as it may stand within a `script` element: nothing in it ends the element or begins a comment.
fn within_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
