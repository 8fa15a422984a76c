//! `formwork transfer`: everything from one database to another.

use std::fmt::Write as _;
use std::time::SystemTime;

use clap::Args;

use super::progress::Progress;
use super::{Verdict, output};
use crate::accounts::milliseconds;
use crate::store::transfer::{Report, transfer};

/// Moves everything from one database to another, ids included.
///
/// No server may use either meanwhile. What breaks off goes on where it was when it is run again; until it has ended,
/// no server takes the new database. In the end all rows are read back and compared. Exit status 1: they differ.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The database to read: `sqlite:FILE` or `postgres://USER@HOST/NAME`.
    #[arg(long, value_name = "URL", env = "FORMWORK_FROM", hide_env_values = true)]
    from: String,
    /// The database to fill, which is empty or was begun to be filled.
    #[arg(long, value_name = "URL", env = "FORMWORK_TO", hide_env_values = true)]
    to: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let progress = Progress::new(0);
    let now = milliseconds(SystemTime::now());
    let mut watch = |done, of| progress.reach(done, of);
    let report = runtime.block_on(transfer(&arguments.from, &arguments.to, now, &mut watch))?;
    drop(progress);
    if report.agrees() {
        output::print(&holdings(&report));
        return Ok(Verdict::Clean);
    }
    output::error(&differences(&report));
    Ok(Verdict::Findings)
}

/// What was transferred: a line for each table with its name, its rows and their checksum.
fn holdings(report: &Report) -> String {
    report.target.iter().fold(String::new(), |mut lines, summary| {
        let checksum = summary.checksum.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let _ = writeln!(lines, "{:<16} {:>10}  {checksum}", summary.table, summary.rows);
        lines
    })
}

fn differences(report: &Report) -> String {
    let pairs = report.source.iter().zip(&report.target).filter(|(source, target)| source != target);
    let mut lines = pairs.fold(String::new(), |mut lines, (source, target)| {
        let (table, read, found) = (source.table, source.rows, target.rows);
        let _ = writeln!(lines, "{table}: {read} rows were to be transferred, and {found} are there");
        lines
    });
    lines += "the databases differ: the source has changed since the transfer was begun, or the target has; \
        empty the target and run it again\n";
    lines
}
