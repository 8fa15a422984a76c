//! `formwork token`: API tokens, made, listed and revoked beside a running server.

use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{Verdict, output};
use crate::accounts::milliseconds;
use crate::settings::DatabaseSetting;
use crate::store::{self, Store};
use crate::token::generate;

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
        #[command(flatten)]
        database: DatabaseSetting,
    },
    /// Lists the tokens: id, name, state, forms.
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

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (Command::Create { database, .. }
        | Command::List { database }
        | Command::Revoke { database, .. }) = &arguments.command;
        let store = store::open(&database.database).await.context("cannot open the database")?;
        let done = act(store.as_ref(), &arguments.command).await;
        store.close().await;
        done.map(|()| Verdict::Clean)
    })
}

async fn act(store: &dyn Store, command: &Command) -> anyhow::Result<()> {
    let now = milliseconds(SystemTime::now());
    match command {
        Command::Create { name, forms, .. } => {
            let token = generate(name, forms, now)?;
            if !store.add_token(&token.stored).await? {
                bail!("a token named `{name}` is in use; revoke it or choose another name");
            }
            output::print(&format!("{}\n", token.text));
        }
        Command::List { .. } => {
            for token in store.tokens().await? {
                let state = if token.revoked_at.is_some() { "revoked" } else { "active" };
                output::print(&format!(
                    "{}  {state:7}  {}  {}\n",
                    token.id,
                    token.name,
                    token.forms.join(",")
                ));
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
