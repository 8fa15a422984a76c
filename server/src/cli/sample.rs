//! `formwork sample`: requests that a form accepts, or that break exactly one of its rules.

use std::path::Path;
use std::time::SystemTime;

use clap::Args;
use formwork_engine::sample::{Broken, Sampler};
use serde_json::{Map, Value, json};

use super::{Verdict, named, output};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The form's name or alias.
    name: String,
    /// Breaks exactly one rule of the form with each, and says which: `{"form":…,"path":…,"code":…}`.
    #[arg(long)]
    invalid: bool,
    /// Another seed gives other samples, the same seed the same ones.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many are printed, one a line.
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u32,
    /// Prints whole bodies for `POST /api/users` and nothing beside them.
    #[arg(long)]
    request: bool,
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let (built, _) = output::build_directory(configs)?;
    let form = named::form(&built, &arguments.name, configs)?;
    let mut sampler = Sampler::new(form, arguments.seed);
    for _ in 0..arguments.count {
        // Each is judged when it is made, since some rules are about the present.
        let now = SystemTime::now();
        let line = if arguments.invalid {
            sampler.invalid(now).map(|broken| of_broken(form.name(), broken, arguments.request))
        } else {
            sampler.valid(now).map(|sample| of_form(form.name(), sample, arguments.request))
        };
        let Some(line) = line else {
            let kind = if arguments.invalid { "that breaks one rule alone" } else { "that it accepts" };
            output::error(&format!("found no request to `{}` {kind}\n", form.name()));
            return Ok(Verdict::Findings);
        };
        output::print(&format!("{line}\n"));
    }
    Ok(Verdict::Clean)
}

fn of_form(name: &str, form: Map<String, Value>, whole: bool) -> Value {
    if whole { json!({ "form_configuration_name": name, "form": form }) } else { Value::Object(form) }
}

fn of_broken(name: &str, broken: Broken, whole: bool) -> Value {
    if whole {
        return of_form(name, broken.form, true);
    }
    json!({ "form": broken.form, "path": broken.path, "code": broken.code })
}
