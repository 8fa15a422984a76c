//! Templates and expressions of authors: compiled, examined and bounded.
//!
//! What a template uses is read from its instructions before anything is rendered, so that a misspelt field or filter
//! is found when the form is compiled and not when somebody submits it. Called by `messages`, `payload` and `policy`.

use std::ops::Range;
use std::sync::Arc;

use minijinja::machinery::{Instruction, Instructions, get_compiled_template};
use minijinja::value::ValueKind;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Template, UndefinedBehavior, Value, escape_formatter,
};

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest};
use crate::model::Spanned;
use crate::source::SourceFile;

/// Steps that one message may take.
pub(crate) const MESSAGE_FUEL: u64 = 10_000;
/// Steps that one computed value may take: enough to go through an array of a thousand objects a few times.
pub(crate) const VALUE_FUEL: u64 = 500_000;

/// Functions that templates do not get: `namespace` could grow a value from step to step, `debug` shows everything.
const WITHHELD: [&str; 2] = ["namespace", "debug"];

/// The methods that there are: those of `loop`.
const METHODS: [&str; 2] = ["cycle", "changed"];

/// The filters that authors look for, besides those of [`OTHER_WORDS`].
const FILTERS: [&str; 24] = [
    "abs",
    "capitalize",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "replace",
    "reverse",
    "round",
    "select",
    "sort",
    "split",
    "sum",
    "title",
    "trim",
    "upper",
];

/// What other languages call filters.
const OTHER_WORDS: [(&[&str], &str); 9] = [
    (&["downcase", "lowercase", "toLowerCase", "to_lower"], "lower"),
    (&["upcase", "uppercase", "toUpperCase", "to_upper"], "upper"),
    (&["strip", "squish"], "trim"),
    (&["size", "len", "count"], "length"),
    (&["titleize", "titlecase"], "title"),
    (&["to_i", "integer", "parseInt"], "int"),
    (&["to_f", "number", "parseFloat"], "float"),
    (&["gsub", "sub", "replaceAll"], "replace"),
    (&["or", "fallback", "presence"], "default"),
];

/// What other languages call tests, or do by methods where here are tests. The last is one of policies alone.
const TEST_WORDS: [(&[&str], &str); 5] = [
    (&["startswith", "starts_with", "start_with", "startsWith"], "startingwith"),
    (&["endswith", "ends_with", "end_with", "endsWith"], "endingwith"),
    (&["exists", "is_defined"], "defined"),
    (&["nil", "null", "missing", "absent"], "undefined"),
    (&["within", "in_subnet", "in_cidr", "cidr", "subnet", "in_range", "in_net"], "in_network"),
];

/// What other languages write in an expression, and what is written here.
const EXPRESSION_WORDS: [(&str, &str); 5] = [
    ("{{", "an expression stands without braces: `form.email`"),
    ("{%", "an expression has no tags: write `'a' if form.email else 'b'`"),
    ("?", "write `'a' if form.email else 'b'`"),
    ("&&", "write `and`"),
    ("||", "write `or`"),
];

/// Where minijinja's own filters, tests and functions are described.
const DOCUMENTATION: &str = "https://docs.rs/minijinja/latest/minijinja/";

/// The variable that an expression's result is read from.
const RESULT: &str = "formwork_result";

/// An environment in which templates can do what authors need and no more.
pub(crate) fn environment(fuel: u64) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(|out, state, value| match value.kind() {
        // JSON's words, not Python's.
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" }).map_err(Error::from),
        _ => escape_formatter(out, state, value),
    });
    // What is absent renders as nothing, however deep one looks into it.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_fuel(Some(fuel));
    for name in WITHHELD {
        environment.remove_global(name);
    }
    environment
}

/// An environment for those who have nothing to render, as most forms: it takes no room and no time.
pub(crate) fn environment_if(any: bool, fuel: u64) -> Environment<'static> {
    if any { environment(fuel) } else { Environment::empty() }
}

/// Whether a text has anything to render.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// What an author wrote: text with tags, or one expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Template,
    Expression,
}

impl Kind {
    fn rule(self) -> Rule {
        match self {
            Self::Template => Rule::InvalidTemplate,
            Self::Expression => Rule::InvalidExpression,
        }
    }

    /// The text before an expression that makes a template of it.
    fn prefix(self) -> String {
        match self {
            Self::Template => String::new(),
            Self::Expression => format!("{{% set {RESULT} = "),
        }
    }
}

/// Something that a template uses.
#[derive(Debug)]
pub(crate) enum Use {
    /// A variable, and the attributes that are looked up in it.
    Variable(Vec<String>),
    Filter(String),
    Test(String),
    Function(String),
    Method(String),
}

/// Compiles a text into `environment` under a name.
pub(crate) fn compile(
    environment: &mut Environment<'static>,
    name: &str,
    kind: Kind,
    text: &str,
) -> Result<(), Error> {
    let template = match kind {
        Kind::Template => text.to_owned(),
        Kind::Expression => {
            // By itself first, so that it cannot end the tag that it is put into.
            environment.compile_expression_owned(text.to_owned())?;
            format!("{}{text} %}}", kind.prefix())
        }
    };
    environment.add_template_owned(name.to_owned(), template)
}

/// Where in the author's text an instruction comes from.
fn place_in_text(instructions: &Instructions<'_>, kind: Kind, index: u32) -> Option<Range<usize>> {
    let shift = kind.prefix().len();
    let span = instructions.get_span(index)?;
    let start = (span.start_offset as usize).checked_sub(shift)?;
    Some(start..(span.end_offset as usize).checked_sub(shift)?)
}

/// Everything that a template uses, with its place in the text.
pub(crate) fn uses(template: &Template<'_, '_>, kind: Kind) -> Vec<(Use, Option<Range<usize>>)> {
    let instructions = &get_compiled_template(template).instructions;
    let shift = kind.prefix().len();
    let place = |index| place_in_text(instructions, kind, index);
    let all = || (0..).map_while(|index| Some((index, instructions.get(index)?)));
    let locals: Vec<&str> = all()
        .filter_map(|(_, instruction)| match instruction {
            Instruction::StoreLocal(name) => Some(*name),
            _ => None,
        })
        .collect();
    let mut found: Vec<(Use, Option<Range<usize>>)> = Vec::new();
    for (index, instruction) in all() {
        match instruction {
            Instruction::Lookup(name) if !locals.contains(name) && *name != "loop" => {
                let mut chain = vec![(*name).to_owned()];
                let mut end = index;
                loop {
                    match (instructions.get(end + 1), instructions.get(end + 2)) {
                        (Some(Instruction::GetAttr(attribute)), _) => {
                            chain.push((*attribute).to_owned());
                            end += 1;
                        }
                        (Some(Instruction::LoadConst(key)), Some(Instruction::GetItem))
                            if key.as_str().is_some() =>
                        {
                            chain.extend(key.as_str().map(str::to_owned));
                            end += 2;
                        }
                        _ => break,
                    }
                }
                let whole = place(end).or_else(|| place_of(template.source(), name));
                let whole = if chain.len() == 1 {
                    let named = place_of(template.source(), name);
                    named.and_then(|named| {
                        Some(named.start.checked_sub(shift)?..named.end.checked_sub(shift)?)
                    })
                } else {
                    whole
                };
                found.push((Use::Variable(chain), whole));
            }
            Instruction::ApplyFilter(name, ..) => found.push((Use::Filter((*name).to_owned()), place(index))),
            Instruction::CallMethod(name, ..) if !METHODS.contains(name) => {
                found.push((Use::Method((*name).to_owned()), place(index)));
            }
            Instruction::PerformTest(name, ..) => found.push((Use::Test((*name).to_owned()), place(index))),
            Instruction::CallFunction(name, ..) if !locals.contains(name) => {
                found.push((Use::Function((*name).to_owned()), place(index)));
            }
            _ => {}
        }
    }
    found
}

/// What a test is asked with where that is constant, with the place of the test.
pub(crate) fn constant_arguments(
    template: &Template<'_, '_>,
    kind: Kind,
    test: &str,
) -> Vec<(Value, Option<Range<usize>>)> {
    let instructions = &get_compiled_template(template).instructions;
    let place = |index| place_in_text(instructions, kind, index);
    let mut found = Vec::new();
    let mut before: Option<&Instruction<'_>> = None;
    for (index, instruction) in (0..).map_while(|index| Some((index, instructions.get(index)?))) {
        match (before, instruction) {
            (Some(Instruction::LoadConst(value)), Instruction::PerformTest(name, ..)) if *name == test => {
                found.push((value.clone(), place(index)));
            }
            _ => {}
        }
        before = Some(instruction);
    }
    found
}

/// Where a template uses a name: a whole word inside its tags.
fn place_of(template: &str, name: &str) -> Option<Range<usize>> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    template.match_indices(name).map(|(start, _)| start..start + name.len()).find(|part| {
        let (before, after) = (&template[..part.start], &template[part.end..]);
        let opened = before
            .rfind(['{'])
            .filter(|at| template[..=*at].ends_with("{{") || template[*at..].starts_with("{%"));
        let inside = opened.is_some_and(|at| !template[at..part.start].contains('}'));
        inside && !before.ends_with(is_word) && !after.starts_with(is_word)
    })
}

/// Renders a template.
pub(crate) fn render(environment: &Environment<'_>, name: &str, context: Value) -> Result<String, Error> {
    environment.get_template(name)?.render(context)
}

/// Evaluates an expression; undefined where it has no value.
pub(crate) fn evaluate(environment: &Environment<'_>, name: &str, context: Value) -> Result<Value, Error> {
    let captured = environment.get_template(name)?.render_captured(context)?;
    Ok(captured.state().lookup(RESULT).unwrap_or(Value::UNDEFINED))
}

/// What is wrong with a variable that a template uses.
pub(crate) struct Unknown {
    pub(crate) rule: Rule,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// A message with `%{name}`, as Rails writes what these templates say in braces.
pub(crate) fn as_rails_writes_it(
    file: &Arc<SourceFile>,
    text: &Spanned<String>,
    names: &[&str],
) -> Option<Diagnostic> {
    let (name, at) = names.iter().find_map(|name| Some((name, text.value.find(&format!("%{{{name}}}"))?)))?;
    let span = file.span_in_string(&text.span, &text.value, at..at + name.len() + 3);
    let message = format!("`%{{{name}}}` is Rails' and would be shown as it stands");
    Some(
        Diagnostic::new(Rule::InvalidTemplate, file, span, message).help(format!("write `{{{{ {name} }}}}`")),
    )
}

/// Compiles a text of the author's and says what is wrong with it; `known` judges the variables that it uses.
pub(crate) fn check(
    environment: &mut Environment<'static>,
    file: &Arc<SourceFile>,
    name: &str,
    kind: Kind,
    text: &Spanned<String>,
    known: &dyn Fn(&[String]) -> Option<Unknown>,
) -> Vec<Diagnostic> {
    let diagnostic = |rule: Rule, part: Option<Range<usize>>, message: String| {
        let span = part
            .filter(|part| part.end <= text.value.len())
            .map_or_else(|| text.span.clone(), |part| file.span_in_string(&text.span, &text.value, part));
        Diagnostic::new(rule, file, span, message)
    };
    if let Err(error) = compile(environment, name, kind, &text.value) {
        let mut found =
            diagnostic(kind.rule(), error.range(), format!("this does not compile: {}", why(&error)));
        let words = EXPRESSION_WORDS.iter().filter(|_| kind == Kind::Expression);
        found.help = words
            .into_iter()
            .find(|(word, _)| text.value.contains(word))
            .map(|(_, written)| (*written).to_owned());
        return vec![found];
    }
    let Ok(template) = environment.get_template(name) else { return Vec::new() };
    let mut diagnostics = Vec::new();
    for (used, part) in uses(&template, kind) {
        let state = || template.new_state();
        let has_test = |name: &str| {
            !is_kind(state().perform_test(name, &[Value::UNDEFINED]).err(), ErrorKind::UnknownTest)
        };
        let unknown = match used {
            Use::Variable(chain) => {
                let global = |name: &str| environment.globals().any(|(global, _)| global == name);
                match known(&chain) {
                    Some(unknown) if !global(&chain[0]) => {
                        // What is wrong with a text is named by its kind.
                        let of_the_text = unknown.rule == Rule::InvalidTemplate;
                        let rule = if of_the_text { kind.rule() } else { unknown.rule };
                        diagnostics.push(diagnostic(rule, part, unknown.message).help(unknown.help));
                        continue;
                    }
                    _ => continue,
                }
            }
            Use::Filter(name) => {
                let result = state().apply_filter(&name, &[Value::UNDEFINED]);
                is_kind(result.err(), ErrorKind::UnknownFilter)
                    .then(|| (format!("there is no filter `{name}`"), Some(filter_meant(&name))))
            }
            Use::Test(name) => (!has_test(&name)).then(|| {
                let meant = test_meant(&name).filter(|test| has_test(test));
                let help = meant.map_or_else(
                    || format!("the tests are those of minijinja: {DOCUMENTATION}tests"),
                    |test| format!("did you mean `{test}`?"),
                );
                (format!("there is no test `{name}`"), Some(help))
            }),
            Use::Function(name) => {
                let there = environment.globals().any(|(global, _)| global == name);
                (!there).then(|| {
                    let help = if name == "now" {
                        "`now` is a value: write it without brackets".to_owned()
                    } else {
                        format!("the functions are those of minijinja: {DOCUMENTATION}functions")
                    };
                    (format!("there is no function `{name}`"), Some(help))
                })
            }
            Use::Method(name) => {
                let help = match (test_meant(&name).filter(|test| has_test(test)), filter_of(&name)) {
                    (Some(written), _) => format!("write `is {written}`, which is a test"),
                    (None, Some(filter)) => format!("write `| {filter}`, which is a filter"),
                    (None, None) => "use filters: `form.email | lower`".to_owned(),
                };
                Some((format!("a value has no methods, and so no `{name}()`"), Some(help)))
            }
        };
        if let Some((message, help)) = unknown {
            let part = part.filter(|part| part.start < part.end);
            let mut found = diagnostic(kind.rule(), part, message);
            found.help = help;
            diagnostics.push(found);
        }
    }
    diagnostics
}

/// The filter that a word of another language, or a misspelt one, stands for.
fn filter_of(word: &str) -> Option<&'static str> {
    let other = OTHER_WORDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, filter)| *filter);
    other.or_else(|| FILTERS.into_iter().find(|filter| *filter == word)).or_else(|| nearest(word, FILTERS))
}

/// The test that a word of another language stands for.
fn test_meant(word: &str) -> Option<&'static str> {
    TEST_WORDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, test)| *test)
}

fn filter_meant(word: &str) -> String {
    filter_of(word).map_or_else(
        || format!("the filters are those of minijinja: {DOCUMENTATION}filters"),
        |filter| format!("did you mean `{filter}`?"),
    )
}

fn is_kind(error: Option<Error>, kind: ErrorKind) -> bool {
    error.is_some_and(|error| error.kind() == kind)
}

/// Why a template does not compile or render, without the values that it was rendered with.
pub(crate) fn why(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

/// A template that compiles and does not render, whatever it is given.
pub(crate) fn unrendered(file: &Arc<SourceFile>, text: &Spanned<String>, error: &Error) -> Diagnostic {
    let message = format!("the message does not render: {}", why(error));
    let part = error.range();
    let span =
        part.map_or_else(|| text.span.clone(), |part| file.span_in_string(&text.span, &text.value, part));
    Diagnostic::new(Rule::InvalidTemplate, file, span, message)
}

/// A name that is not among those that can be used.
pub(crate) fn not_among(rule: Rule, name: &str, names: &[&str]) -> Unknown {
    let help = nearest(name, names.iter().copied()).map_or_else(
        || {
            format!(
                "what can be used here is {}",
                alternatives(names.iter().copied()).replace(" or ", " and ")
            )
        },
        |near| format!("did you mean `{near}`?"),
    );
    Unknown { rule, message: format!("there is no `{name}` here"), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_tags_alone_and_as_a_whole() {
        assert_eq!(place_of("cnt {{ xcnt }} {{ cnt }}", "cnt"), Some(18..21));
        assert_eq!(place_of("{% if cnt %}a{% endif %}", "cnt"), Some(6..9));
        assert_eq!(place_of("cnt", "cnt"), None);
    }

    #[test]
    fn every_filter_that_is_suggested_exists() {
        let mut environment = environment(MESSAGE_FUEL);
        assert!(compile(&mut environment, "a", Kind::Template, "").is_ok());
        for name in FILTERS.into_iter().chain(OTHER_WORDS.map(|(_, filter)| filter)) {
            let template = environment.get_template("a");
            let error = template.ok().and_then(|template| template.new_state().apply_filter(name, &[]).err());
            assert!(!is_kind(error, ErrorKind::UnknownFilter), "{name}");
        }
    }

    #[test]
    fn an_expression_cannot_end_its_tag() {
        let mut environment = environment(MESSAGE_FUEL);
        assert!(compile(&mut environment, "a", Kind::Expression, "1 %}{{ 2").is_err());
        assert!(compile(&mut environment, "a", Kind::Expression, "1 + 1").is_ok());
        let value = evaluate(&environment, "a", Value::UNDEFINED);
        assert_eq!(value.ok().and_then(|value| value.as_i64()), Some(2));
    }
}
