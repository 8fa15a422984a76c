//! `formwork man`: manual pages, from the definitions of the commands.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::{Cli, Verdict, output};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Writes a page for every command into this directory instead.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    if let Some(directory) = &arguments.out {
        let cannot = || format!("cannot write into {}", directory.display());
        fs::create_dir_all(directory).with_context(cannot)?;
        clap_mangen::generate_to(Cli::command(), directory).with_context(cannot)?;
        return Ok(Verdict::Clean);
    }
    let mut page = Vec::new();
    Man::new(Cli::command()).render(&mut page)?;
    output::print(&String::from_utf8_lossy(&page));
    Ok(Verdict::Clean)
}
