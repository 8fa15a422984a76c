//! `formwork backup`: a copy of the database, beside a running server.

use std::path::PathBuf;

use clap::Args;

use super::Verdict;
use crate::settings::DatabaseSetting;
use crate::store;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The file to write; it must not exist.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseSetting,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    store::backup(&arguments.database.database, &arguments.file)?;
    Ok(Verdict::Clean)
}
