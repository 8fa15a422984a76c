//! The commands of the documentation, run in their order: `curl` against a server, `formwork` in a directory with the
//! example forms; what they print must be what the page shows.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::diff::git;
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
fn the_lint_page() {
    run_commands("docs/lint.md", &workspace(), 8);
}

#[test]
fn the_test_page() {
    run_commands("docs/test.md", &workspace(), 6);
}

#[test]
fn the_diff_page() {
    // The revision that is compared with is that of the example forms.
    let root = workspace();
    git(root.path(), &["init", "--quiet", "--initial-branch=main"]);
    git(root.path(), &["add", "."]);
    git(root.path(), &["commit", "--quiet", "--message", "first"]);
    run_commands("docs/diff.md", &root, 5);
}

#[test]
fn the_page_about_forms() {
    // The page writes its first form, which is then the only one.
    let page = fs::read_to_string(repository("docs/forms.md")).unwrap();
    let (_, form) =
        page.split_once("This is the whole of `configs/forms/sign_up.toml`:\n\n```toml\n").unwrap();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("configs/forms")).unwrap();
    fs::write(root.path().join("configs/forms/sign_up.toml"), form.split_once("```").unwrap().0).unwrap();
    run_commands("docs/forms.md", &root, 2);
}

/// Runs the `formwork` commands of a page that need no server, in their order.
fn run_commands(page: &str, root: &TempDir, at_least: usize) {
    let page = fs::read_to_string(repository(page)).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_formwork")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut examples = examples(&page);
    // Of another program's commands an example has nothing to do with this one.
    examples.retain(|example| !example.command.starts_with("taplo"));
    assert!(examples.len() >= at_least, "only {} examples were found", examples.len());
    for Example { command, output } in examples {
        let ran = Command::new("sh")
            .args(["-c", &command])
            .current_dir(root.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        assert_eq!(text(&ran.stdout).trim_end(), output.trim_end(), "{command}");
    }
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
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
    let mut examples = examples(&fs::read_to_string(repository(page)).unwrap());
    examples.retain(|example| example.command.contains("curl"));
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
fn examples(page: &str) -> Vec<Example> {
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
    examples
}
