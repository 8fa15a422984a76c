//! The binary `formwork`: an exit code.

fn main() -> std::process::ExitCode {
    formwork::cli::main()
}
