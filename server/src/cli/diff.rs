//! `formwork diff`: what a change of configuration does to existing clients.

mod revision;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use clap::{Args, ValueEnum};
use formwork_engine::build::{
    Built, build_all, diagnostics_with, read_policies, unknown_policies, unused_policies,
};
use formwork_engine::compat::{Configuration, Finding, Severity, compare};
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::diagnostic::has_errors;
use formwork_engine::render::{ChangeFormat, render_changes, summary_of_changes};
use formwork_engine::source;
use formwork_engine::suppression::Scope;

use super::{Verdict, output};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// What to compare with: a git revision, or a directory that holds another configuration.
    #[arg(long, value_name = "REF")]
    against: String,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How bad a finding has to be for exit status 1.
    #[arg(long, value_enum, default_value_t)]
    fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// With both sources around each.
    #[default]
    Text,
    /// One document, described by `schemas/findings.schema.json`.
    Json,
    /// Workflow commands of GitHub Actions.
    Github,
    /// A comment on a pull request.
    Markdown,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FailOn {
    /// What breaks clients.
    #[default]
    Breaking,
    /// That, and what could not be proved harmless.
    Warning,
    /// Nothing.
    Never,
}

impl FailOn {
    fn fails(self, finding: &Finding) -> bool {
        match self {
            Self::Breaking => finding.severity == Severity::Breaking,
            Self::Warning => finding.severity >= Severity::Warning,
            Self::Never => false,
        }
    }
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let (compiler, now) = (Compiler::new(), SystemTime::now());
    let listing = source::list(configs)?;
    let new = build_all(&compiler, &listing.forms, now);
    let policies = read_policies(&listing.policies);
    let mut found = diagnostics_with(&new, unknown_policies(&new, &policies), Scope::Directory);
    found.extend(policies.reported(&unused_policies(&new, &policies), Scope::Directory));
    if has_errors(&found) {
        output::error(&output::findings_for_stderr(&found));
        output::error("the forms have errors: nothing was compared\n");
        return Ok(Verdict::Findings);
    }
    let against = PathBuf::from(&arguments.against);
    let (old, old_policies) = if against.is_dir() {
        let listing = source::list(&against)
            .with_context(|| format!("{} is a directory, and holds no configuration", against.display()))?;
        (build_all(&compiler, &listing.forms, now), read_policies(&listing.policies))
    } else {
        revision::build(&compiler, configs, &arguments.against, now)?
    };
    for broken in old.iter().filter(|built| built.form.is_none()) {
        let (name, path) = (&broken.name, broken.source.path.display());
        output::error(&format!(
            "the old form `{name}` ({path}) has errors and was not served: it counts as new\n"
        ));
    }
    let (old, forms) = (forms(&old), forms(&new));
    let findings = compare(
        Configuration { forms: &old, policies: &old_policies.sound() },
        Configuration { forms: &forms, policies: &policies.sound() },
        now,
    );
    output::print(&render_changes(&findings, format(arguments.format)));
    if matches!(arguments.format, Format::Text) {
        output::error(&format!("{}\n", summary_of_changes(&findings, forms.len())));
    }
    Ok(Verdict::findings(findings.iter().any(|finding| arguments.fail_on.fails(finding))))
}

fn forms(built: &[Built]) -> Vec<Arc<CompiledForm>> {
    built.iter().filter_map(|built| built.form.clone()).collect()
}

fn format(format: Format) -> ChangeFormat {
    match format {
        Format::Text => ChangeFormat::Text { colour: output::wants_colour(&io::stdout()) },
        Format::Json => ChangeFormat::Json,
        Format::Github => ChangeFormat::Github,
        Format::Markdown => ChangeFormat::Markdown,
    }
}
