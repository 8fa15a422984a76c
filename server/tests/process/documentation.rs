//! The `curl` commands of the documentation, run in their order against a server, and those of the page about tests;
//! what they print must be what the page shows.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::{Serving, run, text, workspace};

#[test]
fn the_readme() {
    run_page("README.md", 2);
}

#[test]
fn the_http_page() {
    run_page("docs/http.md", 20);
}

#[test]
fn the_page_about_tests() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/test.md");
    let commands = examples(&fs::read_to_string(page).unwrap(), "formwork");
    assert!(commands.len() >= 6, "only {} commands were found", commands.len());
    let root = workspace();
    for Example { command, output } in commands {
        let command = command.replace("formwork ", &format!("{} ", env!("CARGO_BIN_EXE_formwork")));
        let ran = Command::new("sh").arg("-c").arg(&command).current_dir(root.path()).output().unwrap();
        assert_eq!(text(&ran.stdout).trim_end(), output.trim_end(), "{command}");
    }
}

/// Tells the person who runs the tests; the harness shows what is written so, and swallows what is printed.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A command and what the page says that it prints.
struct Example {
    command: String,
    output: String,
}

fn run_page(page: &str, at_least: usize) {
    if Command::new("curl").arg("--version").output().is_err() {
        let missing = "curl is missing; install it (`apt-get install curl`) to test the documentation";
        assert!(std::env::var_os("FORMWORK_TEST_REQUIRE_ALL").is_none(), "{missing}");
        return say(missing);
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    let examples = examples(&fs::read_to_string(page).unwrap(), "curl");
    assert!(examples.len() >= at_least, "only {} examples were found", examples.len());
    let root = workspace();
    let serving = Serving::start(root.path(), &["--dev"]);
    let partner =
        text(&run(root.path(), &["token", "create", "--name", "partner", "--forms", "team/*"]).stdout);
    let token = serving.line_with("A token for this run: ").rsplit(' ').next().unwrap().to_owned();
    for Example { command, output } in examples {
        let command = command.replace("127.0.0.1:8080", &serving.address.to_string());
        let ran = Command::new("sh")
            .arg("-c")
            .arg(&command)
            .env("TOKEN", &token)
            .env("PARTNER", partner.trim())
            .output()
            .unwrap();
        assert_eq!(text(&ran.stdout).trim_end(), output.trim_end(), "{command}");
    }
}

/// The commands in `console` blocks: a line that begins with `$ `, and those that a backslash continues it with.
///
/// Only those that call `program`.
fn examples(page: &str, program: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let (mut inside, mut continued) = (false, false);
    for line in page.lines() {
        match (inside, line.strip_prefix("$ "), examples.last_mut()) {
            (false, ..) => inside = line == "```console",
            (true, ..) if line == "```" => inside = false,
            (true, Some(command), _) => {
                examples.push(Example { command: command.to_owned(), output: String::new() });
                continued = command.ends_with('\\');
            }
            (true, None, Some(example)) => {
                let part = if continued { &mut example.command } else { &mut example.output };
                part.push('\n');
                part.push_str(line);
                if !continued && example.output.starts_with('\n') {
                    example.output.remove(0);
                }
                continued = continued && line.ends_with('\\');
            }
            (true, None, None) => {}
        }
    }
    examples.retain(|example| example.command.contains(program));
    examples
}
