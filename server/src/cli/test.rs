//! `formwork test`: runs the `[[examples]]` of the forms.

mod json;
mod junit;
mod text;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::bail;
use clap::{Args, ValueEnum};
use formwork_engine::build::{Built, build_all_untested};
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::diagnostic::{Diagnostic, Severity};
use formwork_engine::example_run::{Coverage, ExampleRun, coverage, run_examples};
use formwork_engine::source;

use super::{Verdict, output};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Files and directories; every form of the configuration directory without.
    paths: Vec<PathBuf>,
    /// Runs only examples whose description, or whose form's name, contains this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Says also which errors of which fields no example gives, and which fields no valid example sends.
    #[arg(long)]
    coverage: bool,
    /// How results are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object.
    Json,
    /// For CI systems: an XML report.
    Junit,
}

/// What the examples of one form came to.
struct Tested<'b> {
    built: &'b Built,
    /// The form, unless it does not compile.
    form: Option<&'b CompiledForm>,
    runs: Vec<ExampleRun<'b>>,
    coverage: Option<Coverage>,
}

/// How many examples there are, and how many came out as expected.
struct Counts {
    examples: usize,
    passed: usize,
    broken_forms: usize,
}

impl Counts {
    fn of(tested: &[Tested<'_>]) -> Self {
        let runs = || tested.iter().flat_map(|tested| &tested.runs);
        Self {
            examples: runs().count(),
            passed: runs().filter(|run| run.passed()).count(),
            broken_forms: tested.iter().filter(|tested| tested.form.is_none()).count(),
        }
    }

    fn failed(&self) -> usize {
        self.examples - self.passed
    }
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let listing = if arguments.paths.is_empty() {
        source::list(configs)?
    } else {
        source::list_paths(configs, &arguments.paths)?
    };
    if listing.forms.is_empty() {
        output::error("warning: there is no form in what was named\n");
    }
    let now = SystemTime::now();
    let built = build_all_untested(&Compiler::new(), &listing.forms, now);
    let mut tested: Vec<Tested<'_>> = built.iter().map(|built| test(built, now, arguments)).collect();
    if let Some(filter) = &arguments.filter {
        tested.retain(|tested| !tested.runs.is_empty() || tested.form.is_none());
        if tested.iter().all(|tested| tested.runs.is_empty()) {
            bail!("no example and no form with examples has `{filter}` in its description or name");
        }
    }
    let counts = Counts::of(&tested);
    for broken in tested.iter().filter(|tested| tested.form.is_none()) {
        output::error(&output::findings_for_stderr(&errors(broken.built)));
    }
    output::print(&match arguments.format {
        Format::Text => text::render(&tested, &counts),
        Format::Json => json::render(&tested, &counts),
        Format::Junit => junit::render(&tested),
    });
    if let Some(unread) = built.iter().find(|built| built.unreadable) {
        bail!("cannot read `{}`: its examples were not run", unread.source.path.display());
    }
    Ok(Verdict::findings(counts.failed() > 0 || counts.broken_forms > 0))
}

/// Why a form does not compile. Its warnings are for `lint`, which knows of each whether it is wanted; an error can be
/// neither silenced nor switched off.
fn errors(built: &Built) -> Vec<Diagnostic> {
    let errors = built.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    errors.cloned().collect()
}

fn test<'b>(built: &'b Built, now: SystemTime, arguments: &Arguments) -> Tested<'b> {
    let form = built.form.as_deref();
    let mut runs = form.map(|form| run_examples(form, now)).unwrap_or_default();
    // What examples show, they show together, whichever of them are asked for.
    let coverage = form.filter(|_| arguments.coverage).map(|form| coverage(&form.form, &runs));
    if let Some(filter) = &arguments.filter
        && !built.name.contains(filter)
    {
        let is_meant = |run: &ExampleRun<'_>| {
            run.example.description.as_ref().is_some_and(|description| description.contains(filter))
        };
        runs.retain(is_meant);
    }
    Tested { built, form, runs, coverage }
}

/// What people call an example.
fn title(run: &ExampleRun<'_>, built: &Built) -> String {
    run.example.description.clone().unwrap_or_else(|| format!("the example in line {}", line(run, built)))
}

fn line(run: &ExampleRun<'_>, built: &Built) -> usize {
    built.source.position(run.example.span.start).line
}
