//! The configuration of a git revision, read from the repository's objects: the work tree is neither read nor changed.
//!
//! By the `git` command, which whoever has a revision has: it knows every way to name one, and every kind of repository.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, anyhow, bail};
use formwork_engine::build::{self, Built, ReadPolicies};
use formwork_engine::compile::Compiler;
use formwork_engine::policy::Policy;
use formwork_engine::source::{MAX_FILE_BYTES, ReadFault, SourceFile};

use crate::cli::output;

/// What hooks and the like tell git of where they run: here the configuration directory says which repository is meant.
/// Where git looks for objects stays as it is, since a hook may be about some that are not yet in the repository.
const PLACE: [&str; 5] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_INDEX_FILE"];

/// The directories within that of the configuration that hold what is compared.
const FORMS: &str = "forms";
const POLICIES: &str = "policies";

/// A form or policy file of a revision.
struct Entry {
    object: String,
    /// Below the configuration directory.
    path: String,
    /// In bytes.
    size: u64,
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
    let of_policies = |entry: &Entry| Path::new(&entry.path).starts_with(POLICIES);
    if entries.iter().all(of_policies) {
        let forms = configs.join(FORMS);
        output::error(&format!(
            "`{revision}` has no form in {}: every form counts as new\n",
            forms.display()
        ));
    }
    let mut contents = contents(configs, entries.iter().filter(|entry| entry.is_read()))?.into_iter();
    let (mut forms, mut policies) = (Vec::new(), Vec::new());
    for entry in &entries {
        let bytes = if entry.is_read() { contents.next() } else { None };
        let (source, fault) = source(configs, revision, &entry.path, bytes);
        let source = Arc::new(source);
        if of_policies(entry) {
            policies.push(Policy::read(&source, fault.as_ref()));
        } else {
            forms.push(build::build(compiler, &source, fault.as_ref(), now));
        }
    }
    Ok((forms, ReadPolicies::new(policies)))
}

impl Entry {
    /// Whether it is small enough to be a form or policy.
    fn is_read(&self) -> bool {
        self.size <= MAX_FILE_BYTES
    }
}

fn git(configs: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(configs).args(arguments);
    for name in PLACE {
        command.env_remove(name);
    }
    command
}

/// What a git command prints, or what it says where it fails.
fn ask(configs: &Path, arguments: &[&str]) -> anyhow::Result<Result<Vec<u8>, String>> {
    let run = git(configs, arguments).output();
    let run =
        run.context("cannot run `git`, which reads the revision: install it, or compare with a directory")?;
    if run.status.success() {
        return Ok(Ok(run.stdout));
    }
    let said = String::from_utf8_lossy(&run.stderr);
    let said = said.lines().next().unwrap_or_default();
    Ok(Err(said.strip_prefix("fatal: ").unwrap_or(said).to_owned()))
}

fn commit(configs: &Path, revision: &str) -> anyhow::Result<String> {
    let shown = configs.display();
    match ask(configs, &["rev-parse", "--is-inside-work-tree"])? {
        Ok(answer) if answer.starts_with(b"true") => {}
        Ok(_) => bail!(
            "`{revision}` is no directory, and {shown} is in no work tree of the git repository around it: name a directory to compare with"
        ),
        Err(said) => bail!(
            "`{revision}` is no directory, and {shown} is in no git repository that can be read ({said}): name a directory to compare with"
        ),
    }
    let name = format!("{revision}^{{commit}}");
    if let Ok(id) = ask(configs, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name])? {
        return Ok(String::from_utf8_lossy(&id).trim().to_owned());
    }
    let shallow = ask(configs, &["rev-parse", "--is-shallow-repository"])?;
    if shallow.is_ok_and(|answer| answer.starts_with(b"true")) {
        bail!(
            "the repository is a shallow clone without `{revision}`: fetch it with `git fetch --depth=1 origin {revision}` and compare with `FETCH_HEAD`, or with `git fetch --unshallow`"
        );
    }
    bail!(
        "`{revision}` is neither a directory nor a git revision: `git log --oneline` shows revisions, `git branch --all` branches"
    )
}

fn entries(configs: &Path, commit: &str) -> anyhow::Result<Vec<Entry>> {
    // Without a slash behind it: a directory itself may be a link.
    let listed = ask(configs, &["ls-tree", "-r", "-z", "--long", commit, "--", FORMS, POLICIES])?;
    let listed = listed.map_err(|said| anyhow!("cannot list the files of {commit}: {said}"))?;
    let mut entries = Vec::new();
    for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let line = String::from_utf8_lossy(line);
        let Some((meta, path)) = line.split_once('\t') else { continue };
        // `<mode> <type> <object> <size>`
        let mut meta = meta.split_ascii_whitespace();
        let (mode, object) = (meta.next().unwrap_or_default(), meta.nth(1).unwrap_or_default());
        let size = meta.next().and_then(|size| size.parse().ok()).unwrap_or_default();
        if path.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        match mode {
            "120000" => bail!(
                "{path} is a symbolic link in the revision, and is not followed: check the revision out into a directory and compare with that"
            ),
            "160000" => bail!(
                "{path} is a submodule in the revision, and its files are in another repository: check the revision out into a directory and compare with that"
            ),
            _ => {}
        }
        if path.strip_suffix(".toml").is_some() {
            entries.push(Entry { object: object.to_owned(), path: path.to_owned(), size });
        }
    }
    Ok(entries)
}

/// The contents of the files, in their order, by one process.
fn contents<'e>(
    configs: &Path,
    entries: impl Iterator<Item = &'e Entry> + Clone,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut child = git(configs, &["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run `git cat-file`")?;
    let mut input = child.stdin.take().context("`git cat-file` takes no input")?;
    let names: String = entries.clone().flat_map(|entry| [entry.object.as_str(), "\n"]).collect();
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

/// A file under the path that people know it by; without bytes it is too large to be read.
fn source(
    configs: &Path,
    revision: &str,
    path: &str,
    bytes: Option<Vec<u8>>,
) -> (SourceFile, Option<ReadFault>) {
    let shown = PathBuf::from(format!("{revision}:{}", configs.join(path).display()));
    let name = path.strip_prefix(FORMS).or_else(|| path.strip_prefix(POLICIES)).unwrap_or(path);
    let name = name.strip_prefix('/').unwrap_or(name);
    let name = name.strip_suffix(".toml").unwrap_or(name).to_owned();
    let Some(bytes) = bytes else {
        return (SourceFile::new(shown, name, String::new()), Some(ReadFault::TooLarge));
    };
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
