//! `formwork validate`: one `form` value through one form, without a server.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use formwork_engine::messages::Languages;
use formwork_engine::submission::{Circumstances, Refusal, Submitted, submit};
use serde_json::{Value, json};

use super::{Verdict, named, output};
use crate::http::error::problems;
use crate::http::json::parse;
use crate::http::representation::FailureBody;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The form's name or alias.
    name: String,
    /// A JSON file with the value of `form`; `-` is standard input.
    file: PathBuf,
    /// The languages of the messages, as `Accept-Language` has them: `pl, en;q=0.5`.
    #[arg(long)]
    language: Option<String>,
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let (built, locales) = output::build_directory(configs)?;
    let form = named::form(&built, &arguments.name, configs)?;
    let mut bytes = Vec::new();
    if arguments.file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        bytes = std::fs::read(&arguments.file)
            .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    }
    let values = match parse(&bytes) {
        Ok(Value::Object(values)) => values,
        Ok(_) => bail!("{} does not hold a JSON object", arguments.file.display()),
        Err(fault) => bail!("{}: {}", arguments.file.display(), fault.message()),
    };
    let languages = Languages::accepted(arguments.language.as_deref().unwrap_or_default());
    let mut circumstances = Circumstances::at(std::time::SystemTime::now());
    circumstances.language = languages.first().map(str::to_owned);
    let (body, verdict) = match submit(form, Submitted::new(values), &circumstances) {
        Ok(_) => (json!({ "errors": {} }), Verdict::Clean),
        Err(Refusal::Violations(violations)) => {
            let problems = problems(form, &locales, &languages, &violations);
            (serde_json::to_value(FailureBody::of(&problems))?, Verdict::Findings)
        }
        Err(Refusal::Payload(fault)) => bail!("{fault}"),
    };
    output::print(&format!("{}\n", serde_json::to_string_pretty(&body)?));
    Ok(verdict)
}
