//! The commands of the documentation, run in their order: `curl` against a server, `formwork` in a directory with the
//! example forms; what they print must be what the page shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::diff::git;
use crate::{Serving, missing, run, text, workspace};

#[test]
fn the_readme() {
    run_page("README.md", 2);
}

#[test]
fn the_guide() {
    if !has_curl() {
        return;
    }
    let page = fs::read_to_string(repository("docs/guide.md")).unwrap();
    let (before, served) = page.split_once("```sh\nformwork serve --dev\n```").unwrap();
    let root = tempfile::tempdir().unwrap();
    run_in(root.path(), examples(before));
    let shown = before.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let written = fs::read_to_string(root.path().join("configs/forms/sign_up.toml")).unwrap();
    assert_eq!(shown, without_comments(&written));

    let serving = Serving::start(root.path(), &["--dev"]);
    let token = token_of_this_run(&serving);
    // What the server says stands in blocks of text between the commands.
    let mut parts = served.split("```text\n");
    let mut ran = run_against(&serving, root.path(), &token, "", examples(parts.next().unwrap()));
    for part in parts {
        let (said, after) = part.split_once("```").unwrap();
        let mut said = said.lines();
        let first = said.next().unwrap();
        assert_eq!(serving.line_with(first), first);
        for line in said {
            assert_eq!(serving.line_with(""), line);
        }
        ran += run_against(&serving, root.path(), &token, "", examples(after));
    }
    assert!(ran >= 8, "only {ran} examples were found");
}

/// The lines of a form but for its comments, with one blank line in the place of several.
fn without_comments(form: &str) -> String {
    let lines = form.lines().filter(|line| !line.starts_with('#'));
    let mut kept = String::new();
    for line in lines.skip_while(|line| line.is_empty()) {
        if !(line.is_empty() && kept.ends_with("\n\n")) {
            kept += line;
            kept += "\n";
        }
    }
    kept
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
fn the_policies_page() {
    let page = fs::read_to_string(repository("docs/policies.md")).unwrap();
    let root = workspace();
    let files = files(&page);
    assert_eq!(files.len(), 4);
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (of_server, of_files): (Vec<Example>, Vec<Example>) =
        examples(&page).into_iter().partition(|example| example.command.contains("curl"));
    assert!(of_files.len() >= 2 && of_server.len() >= 3);
    run_in(root.path(), of_files);
    if has_curl() {
        serve_in(root.path(), of_server);
    }
}

/// The files that a page shows: each a path on a line of its own, and a block.
fn files(page: &str) -> Vec<(&str, &str)> {
    let parts = page.split("\n\n```toml\n").collect::<Vec<_>>();
    let shown = parts.windows(2).map(|pair| {
        let path = pair[0].lines().next_back().unwrap().trim_matches('`');
        (path, pair[1].split("```").next().unwrap())
    });
    shown.collect()
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
    let mut examples = examples(&fs::read_to_string(repository(page)).unwrap());
    // Of another program's commands an example has nothing to do with this one.
    examples.retain(|example| !example.command.starts_with("taplo"));
    assert!(examples.len() >= at_least, "only {} examples were found", examples.len());
    run_in(root.path(), examples);
}

/// Runs commands in a directory.
fn run_in(root: &Path, examples: Vec<Example>) {
    let path = path_with_formwork();
    for Example { command, output } in examples {
        let ran =
            Command::new("sh").args(["-c", &command]).current_dir(root).env("PATH", &path).output().unwrap();
        assert_eq!(text(&ran.stdout).trim_end(), output.trim_end(), "{command}");
    }
}

/// The `PATH` on which `formwork` is the binary that is tested.
fn path_with_formwork() -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_formwork")).parent().unwrap();
    format!("{}:{}", binary.display(), std::env::var("PATH").unwrap())
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A command and what the page says that it prints.
struct Example {
    command: String,
    output: String,
}

/// Whether there is `curl`; who wants all tests to run is told that it is missing.
fn has_curl() -> bool {
    if Command::new("curl").arg("--version").output().is_ok() {
        return true;
    }
    missing("the documentation, for which curl has to be installed (`apt-get install curl`)");
    false
}

fn run_page(page: &str, at_least: usize) {
    if !has_curl() {
        return;
    }
    let mut examples = examples(&fs::read_to_string(repository(page)).unwrap());
    examples.retain(|example| example.command.contains("curl"));
    assert!(examples.len() >= at_least, "only {} examples were found", examples.len());
    serve_in(workspace().path(), examples);
}

/// Runs commands against a server on the configuration of a directory.
fn serve_in(root: &Path, examples: Vec<Example>) {
    let serving = Serving::start(root, &["--dev"]);
    let partner = text(&run(root, &["token", "create", "--name", "partner", "--forms", "team/*"]).stdout);
    let token = token_of_this_run(&serving);
    run_against(&serving, root, &token, partner.trim(), examples);
}

/// The token that `serve --dev` prints.
fn token_of_this_run(serving: &Serving) -> String {
    serving.line_with("A token for this run: ").rsplit(' ').next().unwrap().to_owned()
}

/// Runs commands in a directory beside its server, and gives how many there were.
fn run_against(serving: &Serving, root: &Path, token: &str, partner: &str, examples: Vec<Example>) -> usize {
    let path = path_with_formwork();
    let count = examples.len();
    for Example { command, output } in examples {
        let command = command.replace("127.0.0.1:8080", &serving.address.to_string());
        let ran = Command::new("sh")
            .arg("-c")
            .arg(&command)
            .current_dir(root)
            .env("PATH", &path)
            .env("TOKEN", token)
            .env("PARTNER", partner)
            .output()
            .unwrap();
        assert_eq!(text(&ran.stdout).trim_end(), output.trim_end(), "{command}");
    }
    count
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
