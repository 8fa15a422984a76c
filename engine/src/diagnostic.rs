//! What is wrong with a configuration, as data: which rule, where, and what to write instead.
//!
//! Made by every step from `syntax` to `lint`; turned into text by `render` alone.

use std::sync::Arc;

use crate::source::{SourceFile, Span};

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The form still works as written, but hardly as meant.
    Warning,
    /// The form is not served.
    Error,
}

impl Severity {
    /// The word that diagnostics show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! rules {
    ($($(#[doc = $summary:literal])+ $rule:ident $name:literal $severity:ident;)*) => {
        /// A fault that formwork knows, by its published name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $($(#[doc = $summary])+ $rule,)* }

        impl Rule {
            /// Every rule, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// The kebab-case name that people see and write.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity,)* }
            }

            /// What it finds, in one sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$rule => concat!($($summary),+).trim_ascii(),)* }
            }

            /// Its page, in Markdown: what it finds, a bad and a good example, how to mend it.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self { $(Self::$rule => include_str!(concat!("../rules/", $name, ".md")),)* }
            }
        }
    };
}

rules! {
    /// The file cannot be read as TOML.
    TomlSyntax "toml-syntax" Error;
    /// A key that the language does not have.
    UnknownKey "unknown-key" Error;
    /// A value of the wrong TOML type, or outside the values that its key takes.
    WrongType "wrong-type" Error;
    /// A required key is absent.
    MissingKey "missing-key" Error;
    /// A name that does not follow the rules for names.
    InvalidName "invalid-name" Error;
    /// Two files give a form the same name or alias.
    DuplicateFormName "duplicate-form-name" Error;
    /// A resource that does not exist.
    UnknownResource "unknown-resource" Error;
    /// A field type that does not exist.
    UnknownFieldType "unknown-field-type" Error;
    /// A field name that has a meaning of its own in a request.
    ReservedFieldName "reserved-field-name" Error;
    /// A regular expression that does not compile.
    InvalidPattern "invalid-pattern" Error;
    /// A template that does not compile, or names what it cannot see.
    InvalidTemplate "invalid-template" Error;
    /// An expression that does not compile, or names what it cannot see.
    InvalidExpression "invalid-expression" Error;
    /// A template or expression that would show a secret.
    SecretInTemplate "secret-in-template" Error;
    /// A locale that is none, or a message in it that cannot be used.
    InvalidLocale "invalid-locale" Error;
    /// A JSON Schema keyword that does not exist, or that a form cannot use.
    InvalidSchemaKeyword "invalid-schema-keyword" Error;
    /// Fields that are there only if they are there.
    ConditionCycle "condition-cycle" Error;
    /// A reference to a field that the form does not declare.
    UnknownFieldReference "unknown-field-reference" Error;
    /// A policy that does not exist, or that cannot be used.
    UnknownPolicy "unknown-policy" Error;
    /// A key that a profile does not take.
    UnknownProfileKey "unknown-profile-key" Error;
    /// Rules of one field that no value can meet together.
    ImpossibleConstraint "impossible-constraint" Error;
    /// A default that the form itself would refuse.
    InvalidDefault "invalid-default" Error;
    /// An example whose outcome is not the stated one.
    FailingExample "failing-example" Error;
    /// A suppression that names no rule, gives no reason, or would silence an error.
    InvalidSuppression "invalid-suppression" Error;
    /// A rule or option that does nothing where it stands.
    IneffectiveValidation "ineffective-validation" Warning;
    /// A key that is still read and has another name now.
    DeprecatedKey "deprecated-key" Warning;
    /// A condition that never holds.
    DeadCondition "dead-condition" Warning;
    /// A message that a locale has only in part.
    UntranslatedMessage "untranslated-message" Warning;
    /// A rule that another rule, or the resource, already implies.
    RedundantValidation "redundant-validation" Warning;
    /// A pattern that describes a value and holds for any value with such a part.
    UnanchoredPattern "unanchored-pattern" Warning;
    /// A pattern that other validators of the form's document cannot read.
    NonPortablePattern "non-portable-pattern" Warning;
    /// A rule that makes passwords easier to guess.
    WeakPassword "weak-password" Warning;
    /// A password that may be left out, or that is stored as a plain text.
    MissingPassword "missing-password" Warning;
    /// A property that two forms store with different types.
    ConflictingPropertyType "conflicting-property-type" Warning;
    /// A text or array that may be larger than a request.
    UnboundedText "unbounded-text" Warning;
    /// A message of a locale that no form ever shows.
    UnusedMessage "unused-message" Warning;
    /// A policy that no form names.
    UnusedPolicy "unused-policy" Warning;
    /// A widget that is neither built in nor a template, or that does not fit its field.
    UnknownWidget "unknown-widget" Warning;
    /// A form's template that names what its page does not ask, or leaves out what it has to.
    UnfitTemplate "unfit-template" Warning;
    /// A script or a style in a template, which no browser uses.
    InlineCode "inline-code" Warning;
    /// A template for a form or a widget that there is not.
    UnusedTemplate "unused-template" Warning;
    /// A form without examples.
    UntestedForm "untested-form" Warning;
    /// A suppression that silences nothing.
    UnusedSuppression "unused-suppression" Warning;
}

/// A span with what is to be said about it.
#[derive(Clone, Debug)]
pub struct Label {
    /// The file that the span is in.
    pub file: Arc<SourceFile>,
    /// The bytes it marks.
    pub span: Span,
    /// A few words beside the mark; may be empty.
    pub text: String,
}

/// A change of a file that mends a finding and leaves what the form accepts as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative: `remove the key`.
    pub title: String,
    /// What it changes in the file of the primary label: ordered, without overlaps.
    pub edits: Vec<Edit>,
}

/// Bytes of a file, and what stands in their place afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go; empty where something is only added.
    pub span: Span,
    /// The text that comes.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind of fault it is.
    pub rule: Rule,
    /// How bad it is: as bad as its rule, until a configuration says otherwise.
    pub severity: Severity,
    /// One sentence, lower case, without a full stop: what is wrong.
    pub message: String,
    /// The place itself.
    pub primary: Label,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// How to mend it without thinking, if that is possible.
    pub fix: Option<Fix>,
}

impl Rule {
    /// Whether it is about what forms and templates have to do with each other.
    #[must_use]
    pub fn is_about_templates(self) -> bool {
        matches!(self, Self::UnknownWidget | Self::UnfitTemplate | Self::UnusedTemplate)
    }

    /// Whether what it finds depends on other files than the one that it is found in.
    #[must_use]
    pub fn is_between_files(self) -> bool {
        matches!(
            self,
            Self::DuplicateFormName
                | Self::ConflictingPropertyType
                | Self::UnknownPolicy
                | Self::UnusedMessage
                | Self::UnusedPolicy
        ) || self.is_about_templates()
    }

    /// The rule of a published name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl Diagnostic {
    /// A finding at `span` of `file`.
    #[must_use]
    pub fn new(rule: Rule, file: &Arc<SourceFile>, span: Span, message: impl Into<String>) -> Self {
        let primary = Label { file: Arc::clone(file), span, text: String::new() };
        Self {
            rule,
            severity: rule.severity(),
            message: message.into(),
            primary,
            secondary: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Puts words beside the primary mark.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Marks a second place.
    #[must_use]
    pub fn also(mut self, file: &Arc<SourceFile>, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { file: Arc::clone(file), span, text: text.into() });
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says how to mend it: edits of the file of the primary label.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }
}

/// Whether any of `diagnostics` is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// The candidate nearest to what was written, if it is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    // A word of two letters is near to every other.
    let limit = if length < 3 { 0 } else { (length / 3).max(1) };
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Like [`nearest`], of dotted paths and by what they end in: that most of them begin alike says nothing.
#[must_use]
pub fn nearest_path<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let last = |path: &'a str| path.rsplit('.').next().unwrap_or(path);
    let end = written.rsplit('.').next().unwrap_or(written);
    let Some(near) = nearest(end, candidates.iter().map(|path| last(path))) else {
        // With another sign between its parts, or none.
        return nearest(written, candidates).filter(|_| !written.contains('.'));
    };
    candidates
        .into_iter()
        .filter(|path| last(path) == near)
        .min_by_key(|path| strsim::damerau_levenshtein(written, path))
}

/// The words of a list as prose: `` `a`, `b` or `c` ``.
#[must_use]
pub fn alternatives<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_only_when_it_is_near() {
        let keys = ["validation", "default", "label"];
        assert_eq!(nearest("validaton", keys), Some("validation"));
        assert_eq!(nearest("lable", keys), Some("label"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("in", ["if"]), None);
    }

    #[test]
    fn paths_are_near_by_their_ends() {
        let paths = ["email", "properties.e", "properties.colour", "profiles.a.properties.colour"];
        assert_eq!(nearest_path("properties.nowhere", paths), None);
        assert_eq!(nearest_path("properties.color", paths), Some("properties.colour"));
        assert_eq!(nearest_path("e", paths), Some("properties.e"));
    }

    #[test]
    fn alternatives_read_as_prose() {
        assert_eq!(alternatives(["a"]), "`a`");
        assert_eq!(alternatives(["a", "b", "c"]), "`a`, `b` or `c`");
    }

    #[test]
    fn rule_names_are_unique() {
        let names: std::collections::BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
