"""Runs the hooks for pre-commit and the steps of the GitHub Action for real, on a repository made for it.

    python3 tests/ci/check.py target/debug/formwork

Needs `git`, `bash`, and `pre-commit` beside the Python that runs it. The hooks are taken from the last commit of this
repository. The steps of the action are run by `bash` with the inputs that GitHub would give them, but for the one that
installs formwork.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLEAN = """resource = "User"
access = "public"

[fields.email]

[fields.first_name]

[[examples]]
form = { email = "ada@example.com" }
"""
BROKEN = CLEAN.replace("[fields.first_name]", "[fields.frist_name]")
FAILING = CLEAN.replace("ada@", "ada")
BREAKING = CLEAN.replace("[fields.first_name]", "[fields.first_name]\nvalidation.presence = true").replace(
    '"ada@example.com"', '"ada@example.com", first_name = "Ada"'
)


def run(command: list[str], directory: pathlib.Path, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        command, cwd=directory, env={**os.environ, **environment}, text=True, capture_output=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def must(command: list[str], directory: pathlib.Path) -> str:
    code, output = run(command, directory)
    if code != 0:
        sys.exit(f"{command}: {output}")
    return output


def expect(what: str, outcome: tuple[int, str], code: int, mention: str) -> None:
    if outcome[0] != code or mention not in outcome[1]:
        sys.exit(f"{what}: exit {outcome[0]}, not {code}, or no {mention!r} in\n{outcome[1]}")
    print(f"{what}: as expected")


class Repository:
    """A repository with one form, which is clean in its only commit."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.form = directory / "configs" / "forms" / "sign_up.toml"
        self.form.parent.mkdir(parents=True)
        self.form.write_text(CLEAN)
        hooks = [{"id": "formwork-lint"}, {"id": "formwork-test"}]
        hooks.append({"id": "formwork-diff", "args": ["--against", "HEAD"]})
        revision = must(["git", "rev-parse", "HEAD"], ROOT).strip()
        config = {"repos": [{"repo": ROOT.as_posix(), "rev": revision, "hooks": hooks}]}
        (directory / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
        must(["git", "init", "--quiet"], directory)
        must(["git", "add", "."], directory)
        author = ["-c", "user.name=formwork", "-c", "user.email=formwork@example.com"]
        must(["git", *author, "commit", "--quiet", "--message", "Add a form"], directory)

    def hooks(self, stage: str) -> tuple[int, str]:
        program = pathlib.Path(sys.executable).parent / "pre-commit"
        return run([str(program), "run", "--all-files", "--hook-stage", stage], self.directory)

    def action(self) -> tuple[int, str]:
        """All steps of the action; the first that fails ends it."""
        action = yaml.safe_load((ROOT / "action.yml").read_text())
        inputs = {name: str(given.get("default", "")) for name, given in action["inputs"].items()} | {"against": "HEAD"}
        output = ""
        for step in action["runs"]["steps"]:
            if step["name"] == "Install formwork":
                continue
            given = {key: inputs[value.split("inputs.")[1].split(" ")[0]] for key, value in step["env"].items()}
            summary = self.directory / "summary.md"
            code, told = run(["bash", "-e", "-c", step["run"]], self.directory, GITHUB_STEP_SUMMARY=str(summary), **given)
            output += told
            if code != 0:
                return code, output + summary.read_text() if summary.exists() else output
        return 0, output + summary.read_text()


def main() -> None:
    formwork = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        (directory / "bin").mkdir()
        shutil.copy(formwork, directory / "bin" / "formwork")
        os.environ["PATH"] = f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
        os.environ["PRE_COMMIT_HOME"] = str(directory / "cache")
        (directory / "repository").mkdir()
        repository = Repository(directory / "repository")

        expect("hooks on a clean form", repository.hooks("pre-commit"), 0, "Passed")
        expect("the action on a clean form", repository.action(), 0, "")
        repository.form.write_text(BROKEN)
        expect("hooks on a broken form", repository.hooks("pre-commit"), 1, "did you mean `first_name`?")
        expect("the action on a broken form", repository.action(), 1, "::error ")
        repository.form.write_text(FAILING)
        expect("hooks on a failing example", repository.hooks("pre-commit"), 1, "failing-example")
        repository.form.write_text(BREAKING)
        expect("hooks before a push of a breaking change", repository.hooks("pre-push"), 1, "first_name")
        expect("the action on a breaking change", repository.action(), 1, "first_name")


if __name__ == "__main__":
    main()
