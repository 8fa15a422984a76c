//! The command line: definitions, and which command runs.
//!
//! Exit status 0: clean; 1: findings; 2: the command could not do its work.

mod backup;
mod completions;
mod diff;
mod explain;
mod lint;
mod man;
mod named;
mod new;
mod openapi;
mod output;
mod progress;
mod sample;
mod schema;
mod serve;
mod test;
mod token;
mod transfer;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings::ConfigsSetting;

/// Declarative form configurations: TOML files that validate and store what clients submit.
///
/// Without a command: `serve --dev`.
#[derive(Debug, Parser)]
#[command(name = "formwork", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    configs: ConfigsSetting,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the forms.
    Serve(serve::Arguments),
    /// Reports everything that is wrong with the forms.
    Lint(lint::Arguments),
    /// Runs the examples of the forms.
    Test(test::Arguments),
    /// Reports what a change of the forms does to existing clients.
    Diff(diff::Arguments),
    /// Prints or writes the compiled JSON Schemas.
    Schema(schema::Arguments),
    /// Prints or writes the `OpenAPI` document of the forms.
    Openapi(openapi::Arguments),
    /// Checks one `form` value and prints the body that a client would get.
    Validate(validate::Arguments),
    /// Prints requests that a form accepts, or that break one of its rules.
    Sample(sample::Arguments),
    /// Explains a rule: what it finds, a bad and a good example, how to mend it.
    Explain(explain::Arguments),
    /// Writes a commented form to start from.
    New(new::Arguments),
    /// Makes, lists and revokes API tokens.
    Token(token::Arguments),
    /// Copies the database, also while it is served.
    Backup(backup::Arguments),
    /// Moves everything from one database to another, ids included.
    Transfer(transfer::Arguments),
    /// Prints a script that completes commands and options in a shell.
    Completions(completions::Arguments),
    /// Prints the manual page, or writes one for every command.
    Man(man::Arguments),
}

/// How a command ended, if it could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    Findings,
}

impl Verdict {
    fn findings(any: bool) -> Self {
        if any { Self::Findings } else { Self::Clean }
    }
}

/// Runs the command that the process's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { configs, command } = Cli::parse();
    // Parsed rather than made up, so that the environment has its say here too.
    let command = command.or_else(|| Cli::parse_from(["formwork", "serve", "--dev"]).command);
    let configs = configs.configs.as_path();
    let verdict = match command {
        None => Ok(Verdict::Clean),
        Some(Command::Serve(arguments)) => serve::run(configs, &arguments),
        Some(Command::Lint(arguments)) => lint::run(configs, &arguments),
        Some(Command::Test(arguments)) => test::run(configs, &arguments),
        Some(Command::Diff(arguments)) => diff::run(configs, &arguments),
        Some(Command::Schema(arguments)) => schema::run(configs, &arguments),
        Some(Command::Openapi(arguments)) => openapi::run(configs, &arguments),
        Some(Command::Validate(arguments)) => validate::run(configs, &arguments),
        Some(Command::Sample(arguments)) => sample::run(configs, &arguments),
        Some(Command::Explain(arguments)) => explain::run(&arguments),
        Some(Command::New(arguments)) => new::run(configs, &arguments),
        Some(Command::Token(arguments)) => token::run(configs, &arguments),
        Some(Command::Backup(arguments)) => backup::run(&arguments),
        Some(Command::Transfer(arguments)) => transfer::run(&arguments),
        Some(Command::Completions(arguments)) => Ok(completions::run(&arguments)),
        Some(Command::Man(arguments)) => man::run(&arguments),
    };
    match verdict {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Err(error) => {
            output::error(&format!("error: {error:#}\n"));
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_sound() {
        super::Cli::command().debug_assert();
    }
}
