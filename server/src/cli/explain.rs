//! `formwork explain`: a rule's page, or the list of rules.

use anyhow::bail;
use clap::Args;
use formwork_engine::diagnostic::{Rule, nearest};

use super::{Verdict, output};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The rule, as diagnostics name it; the list of all rules without.
    rule: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let Some(name) = &arguments.rule else {
        output::print(&list());
        return Ok(Verdict::Clean);
    };
    let names = || Rule::ALL.iter().map(|rule| rule.name());
    let Some(rule) = Rule::ALL.iter().find(|rule| rule.name() == name) else {
        match nearest(name, names()) {
            Some(near) => bail!("there is no rule `{name}`; did you mean `{near}`?"),
            None => bail!("there is no rule `{name}`; `formwork explain` lists them"),
        }
    };
    output::print(rule.page());
    Ok(Verdict::Clean)
}

/// A line for each rule: its severity, its name, what it finds.
fn list() -> String {
    let width = Rule::ALL.iter().map(|rule| rule.name().len()).max().unwrap_or_default();
    let line =
        |rule: &Rule| format!("{:<7}  {:<width$}  {}\n", rule.severity().name(), rule.name(), rule.summary());
    Rule::ALL.iter().map(line).collect()
}
