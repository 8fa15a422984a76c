//! `formwork completions`: scripts for shells, from the definitions of the commands.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Verdict, output};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The shell that is to complete them.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Verdict {
    let mut script = io::Cursor::new(Vec::new());
    clap_complete::generate(arguments.shell, &mut Cli::command(), "formwork", &mut script);
    output::print(&String::from_utf8_lossy(script.get_ref()));
    Verdict::Clean
}
