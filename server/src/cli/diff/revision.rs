//! The configuration of a git revision, read from the repository's objects: the work tree is neither read nor changed.
//!
//! By the `git` command, which whoever has a revision has: it knows every way to name one, and every kind of repository.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, bail};
use formwork_engine::build::{self, Built, ReadPolicies};
use formwork_engine::compile::Compiler;
use formwork_engine::policy::Policy;
use formwork_engine::source::{MAX_FILE_BYTES, ReadFault, SourceFile};

/// The directories that hold what is compared.
const FORMS: &str = "forms/";
const POLICIES: &str = "policies/";

/// A form or policy file of a revision.
struct Entry {
    object: String,
    /// Below the configuration directory.
    path: String,
}

/// Builds every form that a revision has in the configuration directory, and reads every policy.
pub(super) fn build(
    compiler: &Compiler,
    configs: &Path,
    revision: &str,
    now: SystemTime,
) -> anyhow::Result<(Vec<Built>, ReadPolicies)> {
    let commit = commit(configs, revision)?;
    let entries = entries(configs, &commit)?;
    let contents = contents(configs, &entries)?;
    let (mut forms, mut policies) = (Vec::new(), Vec::new());
    for (entry, bytes) in entries.iter().zip(contents) {
        let (source, fault) = source(configs, revision, &entry.path, bytes);
        let source = Arc::new(source);
        if entry.path.starts_with(POLICIES) {
            policies.push(Policy::read(&source, fault.as_ref()));
        } else {
            forms.push(build::build(compiler, &source, fault.as_ref(), now));
        }
    }
    Ok((forms, ReadPolicies::new(policies)))
}

fn git(configs: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(configs).args(arguments);
    command
}

/// What a git command prints; nothing where it fails.
fn output(configs: &Path, arguments: &[&str]) -> anyhow::Result<Option<Vec<u8>>> {
    let run = git(configs, arguments).output();
    let run =
        run.context("cannot run `git`, which reads the revision: install it, or compare with a directory")?;
    Ok(run.status.success().then_some(run.stdout))
}

fn commit(configs: &Path, revision: &str) -> anyhow::Result<String> {
    if output(configs, &["rev-parse", "--git-dir"])?.is_none() {
        bail!(
            "`{revision}` is no directory, and {} is in no git repository: name a directory to compare with",
            configs.display()
        );
    }
    let name = format!("{revision}^{{commit}}");
    if let Some(id) = output(configs, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name])? {
        return Ok(String::from_utf8_lossy(&id).trim().to_owned());
    }
    let shallow = output(configs, &["rev-parse", "--is-shallow-repository"])?;
    if shallow.is_some_and(|answer| answer.starts_with(b"true")) {
        bail!(
            "the repository is a shallow clone without `{revision}`: fetch it with `git fetch --depth=1 origin {revision}` and compare with `FETCH_HEAD`, or with `git fetch --unshallow`"
        );
    }
    bail!(
        "`{revision}` is neither a directory nor a git revision: `git log --oneline` shows revisions, `git branch --all` branches"
    )
}

fn entries(configs: &Path, commit: &str) -> anyhow::Result<Vec<Entry>> {
    let listed = output(configs, &["ls-tree", "-r", "-z", commit, "--", FORMS, POLICIES])?;
    let listed = listed.with_context(|| format!("cannot list the files of {commit}"))?;
    let mut entries = Vec::new();
    for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let line = String::from_utf8_lossy(line);
        let Some((meta, path)) = line.split_once('\t') else { continue };
        let mut meta = meta.split(' ');
        let (mode, object) = (meta.next().unwrap_or_default(), meta.nth(1).unwrap_or_default());
        if path.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        if mode == "120000" {
            bail!(
                "{path} is a symbolic link in the revision, and is not followed: check the revision out into a directory and compare with that"
            );
        }
        if path.strip_suffix(".toml").is_some() && mode.starts_with("100") {
            entries.push(Entry { object: object.to_owned(), path: path.to_owned() });
        }
    }
    Ok(entries)
}

/// The contents of the files, in their order, by one process.
fn contents(configs: &Path, entries: &[Entry]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut child = git(configs, &["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run `git cat-file`")?;
    let mut input = child.stdin.take().context("`git cat-file` takes no input")?;
    let names: String = entries.iter().flat_map(|entry| [entry.object.as_str(), "\n"]).collect();
    // Beside the reading: either pipe may be full before the other is empty.
    let writer = std::thread::spawn(move || input.write_all(names.as_bytes()));
    let mut printed = Vec::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_end(&mut printed).context("cannot read from `git cat-file`")?;
    }
    child.wait().context("`git cat-file` did not end")?;
    match writer.join() {
        Ok(written) => written.context("cannot write to `git cat-file`")?,
        Err(_) => bail!("cannot write to `git cat-file`"),
    }
    let mut rest = printed.as_slice();
    let mut contents = Vec::new();
    for entry in entries {
        let found = object(&mut rest);
        contents.push(found.with_context(|| format!("the repository lacks {}: fetch it whole", entry.path))?);
    }
    Ok(contents)
}

/// The next object that `git cat-file --batch` prints: `<id> blob <size>`, its bytes, and a line's end.
fn object(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = String::from_utf8_lossy(&rest[..end]);
    let size: usize = head.split(' ').nth(2)?.parse().ok()?;
    let bytes = rest.get(end + 1..end + 1 + size)?.to_vec();
    *rest = rest.get(end + 2 + size..)?;
    Some(bytes)
}

/// A file under the path that people know it by.
fn source(configs: &Path, revision: &str, path: &str, bytes: Vec<u8>) -> (SourceFile, Option<ReadFault>) {
    let shown = PathBuf::from(format!("{revision}:{}", configs.join(path).display()));
    let name = path.strip_prefix(FORMS).or_else(|| path.strip_prefix(POLICIES)).unwrap_or(path);
    let name = name.strip_suffix(".toml").unwrap_or(name).to_owned();
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return (SourceFile::new(shown, name, String::new()), Some(ReadFault::TooLarge));
    }
    match String::from_utf8(bytes) {
        // A byte order mark is no part of the text (Unicode, 23.8).
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            (SourceFile::new(shown, name, text), None)
        }
        Err(error) => {
            let fault = ReadFault::NotUtf8(error.utf8_error().valid_up_to());
            (SourceFile::new(shown, name, String::new()), Some(fault))
        }
    }
}
