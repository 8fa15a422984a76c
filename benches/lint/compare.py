"""Times `formwork lint` beside the tools that check TOML against a JSON Schema, on the same forms.

    cargo build --release && python3 -m venv target/bench-lint
    target/bench-lint/bin/pip install -r benches/lint/requirements.txt
    target/bench-lint/bin/python benches/lint/compare.py

The others get `schemas/form-configuration.schema.json`, the schema for editors. Rounds are interleaved: a round runs
each tool once. Prints the tables of `benches/README.md`; exits with 1 if a tool finds anything, since the forms are
clean.
"""

import argparse
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "schemas" / "form-configuration.schema.json"
FORMWORK = ROOT / "target" / "release" / "formwork"
TOOLS = pathlib.Path(sys.executable).parent

FORM = """description = "Form {index}"
resource = "User"
access = "public"

[fields.email]
normalize = ["trim", "lowercase"]

[fields.first_name]
normalize = ["squish"]
validation.presence = true
validation.length.maximum = {longest}

[fields.properties.code]
validation.format.with = '^{index:05}-[0-9]{{4,8}}$'

[fields.properties.plan]
validation.inclusion.in = ["free", "paid"]
default = "free"

[fields.properties.seats]
type = "integer"
when = {{ "properties.plan" = "paid" }}
validation.numericality = {{ greater_than = 0, less_than = {most} }}

[[examples]]
form = {{ email = "ada@example.com", first_name = "Ada", properties = {{ code = "{index:05}-2026" }} }}

[[examples]]
form = {{ email = "ada@example.com", first_name = "Ada", properties = {{ plan = "paid", seats = 0 }} }}
errors = {{ "properties.seats" = ["greater_than"] }}
"""


def write_forms(directory: pathlib.Path, count: int) -> None:
    """Forms that differ from each other in a pattern, a length and a bound, so that nothing is gained by having seen one."""
    for index in range(count):
        path = directory / "forms" / f"partner_{index // 100:03}" / f"form_{index:05}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FORM.format(index=index, longest=20 + index % 2000, most=20 + index))


def run(command: list[str], directory: pathlib.Path) -> tuple[float, float, float]:
    """Seconds from start to end, seconds on a processor, and MiB at the most of one run."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=directory, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            sys.exit(f"{command[0]}: {output.read(2000).decode(errors='replace')}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def commands(directory: pathlib.Path) -> dict[str, list[str]]:
    files = sorted(str(path) for path in directory.glob("forms/**/*.toml"))
    return {
        "formwork lint": [str(FORMWORK), "--configs", ".", "lint"],
        "taplo lint": [str(TOOLS / "taplo"), "lint", "--schema", SCHEMA.as_uri(), "forms/**/*.toml"],
        "check-jsonschema": [str(TOOLS / "check-jsonschema"), "--schemafile", str(SCHEMA), *files],
    }


def compare(directory: pathlib.Path, rounds: int) -> None:
    measured: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(rounds):
        for name, command in commands(directory).items():
            measured.setdefault(name, []).append(run(command, directory))
    medians = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in measured.items()}
    ours = medians["formwork lint"]
    print("| tool | seconds, median | to formwork | on a processor | to formwork | memory, MiB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (seconds, busy, _) in medians.items():
        memory = max(memory for *_, memory in measured[name])
        print(f"| `{name}` | {seconds:.2f} | {seconds / ours[0]:.1f} | {busy:.2f} | {busy / ours[1]:.1f} | {memory:.0f} |")


def scale(counts: list[int], rounds: int) -> None:
    print("\n| forms | `formwork lint`, ms, median | for each form, µs |\n| --- | --- | --- |")
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            write_forms(directory, count)
            command = commands(directory)["formwork lint"]
            seconds = statistics.median(run(command, directory)[0] for _ in range(rounds))
            print(f"| {count:,} | {seconds * 1e3:.0f} | {seconds / count * 1e6:.0f} |")


def watch(directory: pathlib.Path, changes: int) -> None:
    """From the write of one form to the report of all, as somebody sees it who runs `lint --watch`."""
    command = [str(FORMWORK), "--configs", ".", "lint", "--watch"]
    forms = sorted(directory.glob("forms/**/*.toml"))
    seconds = []
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        process.stderr.readline()
        # What was just written is read anew at each look, as nobody's directory is for long.
        time.sleep(3)
        for change in range(changes):
            path = forms[change * 7919 % len(forms)]
            text = path.read_text() + f"# {change}\n"
            start = time.perf_counter()
            path.write_text(text)
            process.stderr.readline()
            seconds.append(time.perf_counter() - start)
            time.sleep(0.3)
        process.send_signal(signal.SIGINT)
    print("\n| from a save to the report of all forms, ms | median | most |\n| --- | --- | --- |")
    print(f"| `formwork lint --watch` | {statistics.median(seconds) * 1e3:.0f} | {max(seconds) * 1e3:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forms", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        write_forms(directory, arguments.forms)
        print(f"{arguments.forms:,} forms, {arguments.rounds} rounds\n")
        compare(directory, arguments.rounds)
        watch(directory, changes=20)
    scale([100, 1_000, 10_000], arguments.rounds)


if __name__ == "__main__":
    main()
