//! What a change of configuration does to clients, as data: which change, how bad, where, and a request that shows it.
//!
//! Made by the rules beside it; turned into text by `render` alone.

use serde_json::{Map, Value};

use crate::diagnostic::Label;

/// How bad a change is for clients that were written for the old configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It only widens.
    Info,
    /// It may be noticed, or could not be proved harmless.
    Warning,
    /// A request that was accepted is refused, or its values are lost.
    Breaking,
}

impl Severity {
    /// The word that reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Breaking => "breaking",
        }
    }
}

/// Which promise to clients a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Which requests are accepted.
    Request,
    /// What is stored of an accepted request.
    Stored,
    /// What a refused request is told.
    Errors,
}

impl Category {
    /// The word that reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Stored => "stored",
            Self::Errors => "errors",
        }
    }
}

macro_rules! changes {
    ($($(#[doc = $doc:literal])* $change:ident $name:literal $category:ident $severity:ident;)*) => {
        /// A change that formwork knows, by its published name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Change { $($(#[doc = $doc])* $change,)* }

        impl Change {
            /// Every change, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$change,)*];

            /// The kebab-case name that people see.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$change => $name,)* }
            }

            /// The promise that it is about.
            #[must_use]
            pub fn category(self) -> Category {
                match self { $(Self::$change => Category::$category,)* }
            }

            /// How bad it is where nothing more is known.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$change => Severity::$severity,)* }
            }
        }
    };
}

changes! {
    /// A form is gone, with all its names.
    FormRemoved "form-removed" Request Breaking;
    /// A name or alias is no longer served.
    NameRemoved "name-removed" Request Breaking;
    /// The form creates another resource.
    ResourceChanged "resource-changed" Stored Breaking;
    /// Requests need a token that needed none.
    AccessTightened "access-tightened" Request Breaking;
    /// A further policy has to allow a request.
    PolicyAdded "policy-added" Request Breaking;
    /// Unknown fields were ignored and are refused.
    UnknownFieldsRefused "unknown-fields-refused" Request Breaking;
    /// A field is gone, and requests that carry it are refused.
    FieldRemoved "field-removed" Request Breaking;
    /// A field is gone, and its value is no longer stored.
    FieldDropped "field-dropped" Stored Breaking;
    /// A field is new and has to be sent.
    RequiredFieldAdded "required-field-added" Request Breaking;
    /// A field has to be sent that could be left out.
    PresenceAdded "presence-added" Request Breaking;
    /// Null or a blank value is refused, though the field may still be left out.
    NullRefused "null-refused" Request Breaking;
    /// Nothing stands in for a required field that is left out any more.
    RequiredDefaultRemoved "required-default-removed" Request Breaking;
    /// A type takes other values than before.
    TypeNarrowed "type-narrowed" Request Breaking;
    /// A value is no longer among those that are allowed.
    ValueRemoved "value-removed" Request Breaking;
    /// A bound allows less.
    BoundTightened "bound-tightened" Request Breaking;
    /// There is a bound where there was none.
    BoundAdded "bound-added" Request Breaking;
    /// A pattern is new or another one.
    PatternChanged "pattern-changed" Request Breaking;
    /// A format is demanded.
    FormatAdded "format-added" Request Breaking;
    /// Values are excluded.
    ExclusionAdded "exclusion-added" Request Breaking;
    /// A value has to be blank.
    AbsenceAdded "absence-added" Request Breaking;
    /// A value has to say yes.
    AcceptanceAdded "acceptance-added" Request Breaking;
    /// A value has to be sent twice.
    ConfirmationAdded "confirmation-added" Request Breaking;
    /// A value has to be unique, or unique among more.
    UniquenessTightened "uniqueness-tightened" Request Breaking;
    /// Items have to differ.
    UniqueItemsAdded "unique-items-added" Request Breaking;
    /// A rule between fields is new or stricter.
    RelationAdded "relation-added" Request Breaking;
    /// A rule counts in more cases.
    ConditionWidened "condition-widened" Request Breaking;
    /// A blank value is no exception any more.
    BlankRefused "blank-refused" Request Breaking;
    /// A value is no longer made canonical.
    NormalizationRemoved "normalization-removed" Stored Breaking;
    /// A value that was kept is dropped.
    VisibilityNarrowed "visibility-narrowed" Stored Breaking;
    /// A value that was stored is only looked at.
    VirtualAdded "virtual-added" Stored Breaking;
    /// A request is refused for no single change.
    RequestRefused "request-refused" Request Breaking;
    /// A value that was dropped is judged and kept.
    VisibilityWidened "visibility-widened" Request Warning;
    /// A value is dropped in other cases, and judged and kept in others.
    VisibilityChanged "visibility-changed" Request Warning;
    /// A rule counts in other cases.
    ConditionChanged "condition-changed" Request Warning;
    /// A bound is another one.
    BoundChanged "bound-changed" Request Warning;
    /// Further JSON Schema keywords are others.
    SchemaChanged "schema-changed" Request Warning;
    /// A field is new, and what was ignored under its name is judged and stored.
    FieldJudged "field-judged" Request Warning;
    /// A default is another one.
    DefaultChanged "default-changed" Stored Warning;
    /// A computed value is another one.
    ComputedValueChanged "computed-value-changed" Stored Warning;
    /// What a request says of a field is ignored.
    ReadonlyAdded "readonly-added" Stored Warning;
    /// What a request says of a field is no longer ignored.
    ReadonlyRemoved "readonly-removed" Stored Warning;
    /// A value that was only looked at is stored.
    VirtualRemoved "virtual-removed" Stored Warning;
    /// A value is made canonical in a further way.
    NormalizationAdded "normalization-added" Stored Warning;
    /// A value may be shown that was secret.
    SecretRemoved "secret-removed" Stored Warning;
    /// The same fault has another code.
    ErrorCodeChanged "error-code-changed" Errors Warning;
    /// A client may submit less often.
    RateLimitTightened "rate-limit-tightened" Request Warning;
    /// A policy may allow other requests.
    PolicyChanged "policy-changed" Request Warning;
    /// The same request is stored otherwise for no single change.
    StoredDifferently "stored-differently" Stored Warning;
    /// A form is new.
    FormAdded "form-added" Request Info;
    /// A form answers to a further name.
    NameAdded "name-added" Request Info;
    /// Requests need no token any more.
    AccessLoosened "access-loosened" Request Info;
    /// A policy is not asked any more.
    PolicyRemoved "policy-removed" Request Info;
    /// Unknown fields are ignored and no longer refused.
    UnknownFieldsIgnored "unknown-fields-ignored" Request Info;
    /// A field is new and may be left out.
    FieldAdded "field-added" Request Info;
    /// A type takes more values.
    TypeWidened "type-widened" Request Info;
    /// A rule allows more, or is gone.
    RuleLoosened "rule-loosened" Request Info;
    /// Rules are others, and proved to allow all that was allowed.
    RuleProvedWider "rule-proved-wider" Request Info;
    /// A value is never shown again.
    SecretAdded "secret-added" Stored Info;
    /// A client may submit more often.
    RateLimitLoosened "rate-limit-loosened" Request Info;
}

/// What a request shows that was tried with both forms.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The new form refuses it: at this dotted path, with this code.
    Refused {
        /// Where.
        path: String,
        /// Why.
        code: &'static str,
    },
    /// Both accept it, and store this.
    Stored {
        /// What the old form stores.
        old: Map<String, Value>,
        /// What the new form stores.
        new: Map<String, Value>,
    },
}

/// A request that the old form accepts, and what becomes of it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// The `form` value.
    pub form: Map<String, Value>,
    /// What the new form makes of it.
    pub outcome: Outcome,
}

/// One change that clients may notice.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What kind of change it is.
    pub change: Change,
    /// How bad it is: as bad as its kind, unless a witness shows worse.
    pub severity: Severity,
    /// The promise that it is about: that of its kind, unless requests may be refused for what is stored otherwise.
    pub category: Category,
    /// The name by which clients know the form.
    pub form: String,
    /// The dotted path of the field; `None` where it is about the form.
    pub path: Option<String>,
    /// One sentence, lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where the old configuration says it.
    pub old: Option<Label>,
    /// Where the new configuration says it.
    pub new: Option<Label>,
    /// A request that shows it, where one was found.
    pub witness: Option<Witness>,
}

impl Finding {
    /// A change of a form.
    #[must_use]
    pub fn new(change: Change, form: &str, message: impl Into<String>) -> Self {
        Self {
            change,
            severity: change.severity(),
            category: change.category(),
            form: form.to_owned(),
            path: None,
            message: message.into(),
            help: None,
            old: None,
            new: None,
            witness: None,
        }
    }

    /// Says which field it is about.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Marks the place in the old configuration.
    #[must_use]
    pub fn old(mut self, label: Label) -> Self {
        self.old = Some(label);
        self
    }

    /// Marks the place in the new configuration.
    #[must_use]
    pub fn new_at(mut self, label: Label) -> Self {
        self.new = Some(label);
        self
    }
}
