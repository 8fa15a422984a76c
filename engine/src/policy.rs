//! Authorization policies: expressions that decide whether a request may be made at all.
//!
//! A policy file enters; a compiled [`Policy`] leaves, and of each request whether it is allowed. Whatever goes wrong, and
//! whatever is not plainly `true`, allows nothing. In scope are `form` (what was sent, prepared as for computed values,
//! without secrets), `token` (`name`, `forms`), `request` and `now`. Called by `build` and `registry`, and by `submission`
//! for each request.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value};
use serde_json::{Map, json};

use crate::diagnostic::{Diagnostic, Rule, alternatives, has_errors, nearest};
use crate::lower::lower_policy;
use crate::model::{self, BuiltInType, DeniedAs, Form, Resource};
use crate::payload::{Circumstances, unknown_member, visible, written};
use crate::source::{ReadFault, SourceFile, Span};
use crate::suppression::{Scope, Suppressions};
use crate::syntax;
use crate::template::{self, Kind, Unknown, not_among};

/// The name that the expression has in its environment.
const ALLOW: &str = "allow";
/// The test that a policy has beside minijinja's own.
const IN_NETWORK: &str = "in_network";

const ROOTS: [&str; 4] = ["form", "token", "request", "now"];
const TOKEN: [&str; 2] = ["name", "forms"];
const REQUEST: [&str; 6] = ["method", "path", "address", "language", "origin", "user_agent"];

/// What is known of a request beside its values.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Who sends it, when and from where.
    pub circumstances: &'a Circumstances,
    /// The patterns of the names of forms that its token covers.
    pub token_forms: &'a [String],
    /// Its method.
    pub method: &'a str,
    /// The path that it is sent to.
    pub path: &'a str,
    /// Its header `Origin`.
    pub origin: Option<&'a str>,
    /// Its header `User-Agent`.
    pub user_agent: Option<&'a str>,
}

/// Why a request may not be made.
#[derive(Clone, Debug)]
pub struct Denial {
    /// The name of the policy that does not allow it.
    pub policy: String,
    /// How it is to be answered.
    pub denied_as: DeniedAs,
    /// What its sender is to read, if the policy says it.
    pub message: Option<String>,
    /// What is wrong with the policy, where it could not decide.
    pub fault: Option<PolicyFault>,
}

/// A policy that could not decide: its own fault, not the request's.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the policy at {place} could not decide: {reason}")]
pub struct PolicyFault {
    /// File, line and column of the expression.
    pub place: String,
    /// What went wrong, without values.
    pub reason: String,
}

/// A compiled policy.
#[derive(Debug)]
pub struct Policy {
    says: model::Policy,
    environment: Environment<'static>,
    reads: Vec<(Vec<String>, Span)>,
    suppressions: Suppressions,
}

impl Policy {
    /// Reads a policy file; what is found comes whether it is silenced or not.
    #[must_use]
    pub fn read(source: &Arc<SourceFile>, fault: Option<&ReadFault>) -> (Self, Vec<Diagnostic>) {
        let unread = |diagnostics| (Self::unread(source), diagnostics);
        if let Some(fault) = fault {
            return unread(vec![syntax::read_fault(source, fault)]);
        }
        let (table, diagnostics) = syntax::parse(source);
        if has_errors(&diagnostics) {
            // After a syntax error a key may only seem absent or unknown.
            return unread(diagnostics);
        }
        let (suppressions, mut diagnostics) = Suppressions::read(source);
        let (policy, found) = lower_policy(source, &table);
        diagnostics.extend(found);
        let mut environment = environment();
        diagnostics.extend(compile(&policy, &mut environment));
        diagnostics.sort_by_key(|found| found.primary.span.start);
        let reads = reads(&policy, &environment);
        (Self { says: policy, environment, reads, suppressions }, diagnostics)
    }

    /// What stands for a file that cannot be read: it allows nothing.
    fn unread(source: &Arc<SourceFile>) -> Self {
        let says = model::Policy {
            source: Arc::clone(source),
            name: source.default_name.clone(),
            allow: None,
            denied_as: DeniedAs::default(),
            message: None,
        };
        Self { says, environment: environment(), reads: Vec::new(), suppressions: Suppressions::default() }
    }

    /// What there is to say of the file, of everything that was found in it and `between` it and others.
    #[must_use]
    pub fn reported(&self, found: &[Diagnostic], between: &[Diagnostic], scope: Scope) -> Vec<Diagnostic> {
        let between = between.iter().filter(|found| Arc::ptr_eq(&found.primary.file, &self.says.source));
        self.suppressions.apply(found.iter().chain(between).cloned().collect(), scope)
    }

    /// The name that forms say.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.says.name
    }

    /// What its file says.
    #[must_use]
    pub fn says(&self) -> &model::Policy {
        &self.says
    }

    /// The fields that it reads, each as the names that lead there, with where it says so; no names where it takes the
    /// form as a whole.
    pub(crate) fn reads(&self) -> &[(Vec<String>, Span)] {
        &self.reads
    }

    /// Nothing for a request that it allows.
    fn denies(&self, scope: &Value) -> Option<Denial> {
        let verdict = template::evaluate(&self.environment, ALLOW, scope.clone());
        let fault = match verdict {
            Ok(value) => match value.kind() {
                ValueKind::Bool if value.is_true() => return None,
                ValueKind::Bool | ValueKind::Undefined => None,
                kind => Some(format!("it gives a value of the kind `{kind}`, not `true` or `false`")),
            },
            Err(error) => Some(error.kind().to_string()),
        };
        Some(Denial {
            policy: self.says.name.clone(),
            denied_as: self.says.denied_as,
            message: self.says.message.clone(),
            fault: fault.map(|reason| PolicyFault { place: self.place(), reason }),
        })
    }

    fn place(&self) -> String {
        let source = &self.says.source;
        let position = source.position(self.says.allow.as_ref().map_or(0, |allow| allow.span.start));
        format!("{}:{}:{}", source.path.display(), position.line, position.column)
    }
}

/// The policies of a directory that can be asked, by name.
#[derive(Clone, Debug, Default)]
pub struct Policies(BTreeMap<String, Arc<Policy>>);

impl Policies {
    /// These policies.
    #[must_use]
    pub fn new(policies: impl IntoIterator<Item = Arc<Policy>>) -> Self {
        Self(policies.into_iter().map(|policy| (policy.name().to_owned(), policy)).collect())
    }

    /// The policy of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Policy>> {
        self.0.get(name)
    }

    /// Every policy, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.0.values()
    }

    /// Adds a policy unless one of its name is there.
    pub(crate) fn add(&mut self, policy: &Arc<Policy>) {
        self.0.entry(policy.name().to_owned()).or_insert_with(|| Arc::clone(policy));
    }

    /// Asks every policy that a form names, in its order; the first that does not allow the request decides.
    ///
    /// # Errors
    /// With that policy's denial.
    pub(crate) fn allow(
        &self,
        form: &Form,
        values: &Map<String, serde_json::Value>,
        attempt: &Attempt<'_>,
    ) -> Result<(), Denial> {
        if form.policies.is_empty() {
            return Ok(());
        }
        let scope = scope(form, values, attempt);
        let denial = form.policies.iter().find_map(|name| match self.get(&name.value) {
            Some(policy) => policy.denies(&scope),
            None => Some(absent(form, name)),
        });
        denial.map_or(Ok(()), Err)
    }
}

/// What a policy that is not there says of every request.
fn absent(form: &Form, name: &model::Spanned<String>) -> Denial {
    let position = form.source.position(name.span.start);
    let place = format!("{}:{}:{}", form.source.path.display(), position.line, position.column);
    Denial {
        policy: name.value.clone(),
        denied_as: DeniedAs::default(),
        message: None,
        fault: Some(PolicyFault { place, reason: "there is no such policy".to_owned() }),
    }
}

/// What policies see.
fn scope(form: &Form, values: &Map<String, serde_json::Value>, attempt: &Attempt<'_>) -> Value {
    let circumstances = attempt.circumstances;
    // An IPv4 address is one, however the socket writes it.
    let address = circumstances.address.map(|address| address.to_canonical().to_string());
    let mut request = json!({ "method": attempt.method, "path": attempt.path });
    let known = [
        ("address", address.as_deref()),
        ("language", circumstances.language.as_deref()),
        ("origin", attempt.origin),
        ("user_agent", attempt.user_agent),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            request[name] = value.into();
        }
    }
    let mut scope = json!({
        "form": visible(form, values),
        "request": request,
        "now": written(circumstances.now),
    });
    // Without a token there is none, so that `not token` says so.
    if let Some(name) = &circumstances.token {
        scope["token"] = json!({ "name": name, "forms": attempt.token_forms });
    }
    Value::from(Serde(&scope))
}

/// An environment in which a policy can ask for networks too.
fn environment() -> Environment<'static> {
    let mut environment = template::environment(template::VALUE_FUEL);
    environment.add_test(IN_NETWORK, is_in_network);
    environment
}

/// Whether an address is in a network, or in any of a list of networks; what is no address is in none.
fn is_in_network(address: &Value, networks: &Value) -> Result<bool, Error> {
    let networks = networks_of(networks)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "a network is written as `10.0.0.0/8`"))?;
    let address: Option<IpAddr> = address.as_str().and_then(|address| address.parse().ok());
    Ok(address.is_some_and(|address| networks.iter().any(|network| network.contains(&address))))
}

/// One network or several; an error has what is none.
fn networks_of(value: &Value) -> Result<Vec<IpNet>, String> {
    let network = |value: &Value| {
        let text = value.as_str().ok_or_else(|| value.to_string())?;
        text.parse()
            .or_else(|_| text.parse().map(|address: IpAddr| address.into()))
            .map_err(|_| text.to_owned())
    };
    match value.kind() {
        ValueKind::Seq => {
            value.try_iter().map_err(|_| value.to_string())?.map(|value| network(&value)).collect()
        }
        _ => network(value).map(|network| vec![network]),
    }
}

/// Compiles the expression of a policy and says what is wrong with it.
fn compile(policy: &model::Policy, environment: &mut Environment<'static>) -> Vec<Diagnostic> {
    let Some(allow) = &policy.allow else { return Vec::new() };
    let found = template::check(environment, &policy.source, ALLOW, Kind::Expression, allow, &unknown);
    if !found.is_empty() {
        return found;
    }
    let Ok(expression) = environment.get_template(ALLOW) else { return found };
    let arguments = template::constant_arguments(&expression, Kind::Expression, IN_NETWORK);
    let faults = arguments.into_iter().filter_map(|(argument, part)| {
        let written = networks_of(&argument).err()?;
        let span = span_of(policy, &allow.span, &allow.value, &written, part);
        let message = format!("`{written}` is no network");
        let help =
            "write an address and the bits that count, `10.0.0.0/8` or `2001:db8::/32`, or a list of them";
        Some(Diagnostic::new(Rule::InvalidExpression, &policy.source, span, message).help(help))
    });
    faults.collect()
}

/// Where a network is written: its own text where that is found in the test, else the test.
fn span_of(policy: &model::Policy, span: &Span, text: &str, written: &str, part: Option<Span>) -> Span {
    let own = text.find(written).filter(|_| !written.is_empty()).map(|start| start..start + written.len());
    own.or(part).map_or_else(|| span.clone(), |part| policy.source.span_in_string(span, text, part))
}

/// The fields that a policy reads, if it compiles.
fn reads(policy: &model::Policy, environment: &Environment<'static>) -> Vec<(Vec<String>, Span)> {
    let (Some(allow), Ok(template)) = (&policy.allow, environment.get_template(ALLOW)) else {
        return Vec::new();
    };
    let variables = template::uses(&template, Kind::Expression).into_iter();
    let fields = variables.filter_map(|(used, part)| match used {
        template::Use::Variable(chain) if chain.first().is_some_and(|root| root == "form") => {
            let place = |part| policy.source.span_in_string(&allow.span, &allow.value, part);
            Some((chain[1..].to_vec(), part.map_or_else(|| allow.span.clone(), place)))
        }
        _ => None,
    });
    fields.collect()
}

/// What is wrong with a variable of a policy, if anything is.
///
/// Many forms may name a policy, so fields that authors declare are whatever they are in each form; those that a resource
/// builds in are known.
fn unknown(chain: &[String]) -> Option<Unknown> {
    let (root, rest) = chain.split_first()?;
    match root.as_str() {
        "form" => unknown_field(rest),
        "token" => unknown_member(root, rest, &TOKEN),
        "request" => {
            let unknown = unknown_member(root, rest, &REQUEST)?;
            let help = rest.first().and_then(|word| request_word(word));
            Some(Unknown { help: help.map_or(unknown.help, str::to_owned), ..unknown })
        }
        "now" => unknown_member(root, rest, &[]),
        _ => {
            let mut unknown = not_among(Rule::InvalidExpression, root, &ROOTS);
            if built_in(root).is_some() {
                unknown.help = format!("did you mean `form.{}`?", chain.join("."));
            }
            Some(unknown)
        }
    }
}

/// What to write for a word by which other languages ask about a request.
fn request_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "ip" | "remote_ip" | "client_ip" | "remote_addr" | "remote_address" | "host" => {
            "write `request.address`"
        }
        "headers" | "header" | "env" | "META" => {
            "of the headers a policy sees `request.origin`, `request.user_agent` and `request.language`"
        }
        "verb" | "request_method" => "write `request.method`",
        "url" | "uri" | "fullpath" | "path_info" => "write `request.path`",
        "params" | "body" | "json" | "data" => "write `form`, which has the values that were sent",
        "token" | "authorization" => "write `token.name`",
        _ => return None,
    })
}

/// What a resource builds in under a name, or under the name that its confirmation has.
fn built_in(name: &str) -> Option<BuiltInType> {
    let name = name.strip_suffix("_confirmation").unwrap_or(name);
    Resource::ALL.iter().find_map(|resource| resource.member(name)).map(|member| member.ty)
}

fn unknown_field(names: &[String]) -> Option<Unknown> {
    let (name, rest) = names.split_first()?;
    match built_in(name) {
        Some(BuiltInType::Properties | BuiltInType::Profiles) => None,
        Some(BuiltInType::Password) => Some(Unknown {
            rule: Rule::SecretInTemplate,
            message: format!("`{name}` is secret, and policies cannot see it"),
            help: "take it out: a secret is stored as it was sent, or hashed, and goes nowhere else"
                .to_owned(),
        }),
        Some(_) => rest.first().map(|inner| Unknown {
            rule: Rule::UnknownFieldReference,
            message: format!("`{name}` is a single value and has no `{inner}`"),
            help: format!("write `form.{name}`"),
        }),
        None => {
            let names: Vec<&str> = Resource::ALL
                .iter()
                .flat_map(|resource| resource.members)
                .filter(|member| member.ty != BuiltInType::Password)
                .map(|member| member.name)
                .collect();
            let help = nearest(name, names.iter().copied()).map_or_else(
                || {
                    format!(
                        "a field of your own is `form.properties.{name}`; built in are {}",
                        listed(&names)
                    )
                },
                |near| format!("did you mean `form.{near}`?"),
            );
            let message = format!("no form has a field `{name}`");
            Some(Unknown { rule: Rule::UnknownFieldReference, message, help })
        }
    }
}

fn listed(names: &[&str]) -> String {
    alternatives(names.iter().copied()).replace(" or ", " and ")
}
