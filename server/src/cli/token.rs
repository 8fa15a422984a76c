//! `formwork token`: API tokens, made, listed and revoked beside a running server.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use formwork_engine::registry::Registry;
use jiff::Timestamp;

use super::{Verdict, output};
use crate::accounts::milliseconds;
use crate::settings::{DatabaseSetting, duration};
use crate::store::{self, Store, StoredToken};
use crate::token::{generate, idle_patterns};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a token and prints it, alone; it cannot be shown again.
    Create {
        /// What to call it.
        #[arg(long)]
        name: String,
        /// The forms it may use: names and patterns, separated by commas; `*` stands for any characters.
        #[arg(long, value_delimiter = ',', required = true)]
        forms: Vec<String>,
        /// After this time it is worthless: `90d`, `12h`; without it, never.
        #[arg(long, value_name = "TIME", value_parser = duration)]
        expires: Option<Duration>,
        #[command(flatten)]
        database: DatabaseSetting,
    },
    /// Lists the tokens: id, state, name, forms, when it was last used and when it expires.
    List {
        #[command(flatten)]
        database: DatabaseSetting,
    },
    /// Revokes a token, at once.
    Revoke {
        /// Its id or name.
        token: String,
        #[command(flatten)]
        database: DatabaseSetting,
    },
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (Command::Create { database, .. }
        | Command::List { database }
        | Command::Revoke { database, .. }) = &arguments.command;
        let url = &database.database;
        let new = store::missing_file(url);
        if let (Some(file), Command::List { .. } | Command::Revoke { .. }) = (new, &arguments.command) {
            bail!("there is no database {}", file.display());
        }
        let store = store::open(url).await.with_context(|| format!("cannot open {}", store::shown(url)))?;
        // The server may be one that has not been started yet; but which one it is must not go unnoticed.
        if let Some(file) = new {
            output::error(&format!(
                "{} is a new database: this token is for a server that uses it\n",
                file.display()
            ));
        }
        let done = act(store.as_ref(), &arguments.command).await;
        store.close().await;
        done
    })?;
    if let Command::Create { forms, .. } = &arguments.command {
        doubt(configs, forms)?;
    }
    Ok(Verdict::Clean)
}

/// Says which patterns cover no form: it may come later, or be somewhere else, but a misspelt name is of no use.
fn doubt(configs: &Path, of_token: &[String]) -> anyhow::Result<()> {
    // Where there are no forms to be seen, nothing can be said of them.
    let Ok((registry, _)) = Registry::load(configs, SystemTime::now()) else { return Ok(()) };
    let snapshot = registry.snapshot();
    let served = snapshot.statuses.iter().filter_map(|status| status.form.as_deref());
    let aliases = served.flat_map(|form| form.form.names()).map(|name| name.value.as_str());
    let names: Vec<&str> =
        snapshot.statuses.iter().map(|status| status.name.as_str()).chain(aliases).collect();
    for pattern in idle_patterns(of_token, &names)? {
        output::error(&format!("`{pattern}` covers no form in {} yet\n", configs.display()));
    }
    Ok(())
}

async fn act(store: &dyn Store, command: &Command) -> anyhow::Result<()> {
    let time = SystemTime::now();
    let now = milliseconds(time);
    match command {
        Command::Create { name, forms, expires, .. } => {
            let mut token = generate(name, forms, now)?;
            token.stored.expires_at = expires.map(|after| milliseconds(time + after));
            if !store.add_token(&token.stored).await? {
                bail!("a token named `{name}` is in use; revoke it or choose another name");
            }
            output::print(&format!("{}\n", token.text));
        }
        Command::List { .. } => {
            for token in store.tokens().await? {
                output::print(&line(&token, now));
            }
        }
        Command::Revoke { token, .. } => {
            if !store.revoke_token(token, now).await? {
                bail!("no token in use has the id or name `{token}`");
            }
        }
    }
    Ok(())
}

/// A token as the list shows it.
fn line(token: &StoredToken, now: i64) -> String {
    let state = match token {
        token if token.revoked_at.is_some() => "revoked",
        token if token.is_valid(now) => "active",
        _ => "expired",
    };
    let shown = |milliseconds, format: &str| {
        Timestamp::from_millisecond(milliseconds).map(|time| time.strftime(format).to_string()).ok()
    };
    let used = token.last_used_at.and_then(|at| shown(at, "last used %Y-%m-%d"));
    let ends = token.expires_at.and_then(|at| shown(at, "  expires %Y-%m-%dT%H:%MZ"));
    let (used, ends) = (used.as_deref().unwrap_or("never used"), ends.as_deref().unwrap_or_default());
    format!("{}  {state:7}  {}  {}  {used}{ends}\n", token.id, token.name, token.forms.join(","))
}
