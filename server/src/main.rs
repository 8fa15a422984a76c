//! The binary `formwork`: an exit code, and the allocator of the process.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    formwork::cli::main()
}
