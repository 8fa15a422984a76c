#!/usr/bin/env python3
"""Checks the schemas for editors with the real Taplo.

    python3 tests/editor/check.py TAPLO

Every file under good/ has to be accepted and every file under bad/ refused. The first line of a bad file says
`# expect: ` and a part of what Taplo prints about it. The directory below good/ or bad/ says what kind of file it is.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCHEMAS = {
    "form": "form-configuration.schema.json",
    "locale": "locale.schema.json",
    "policy": "policy.schema.json",
}
EXPECT = "# expect: "


def fault(taplo, side, kind, file):
    """What is wrong with the outcome for a file, or nothing."""
    text = file.read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    expected = first.removeprefix(EXPECT)
    if side == "bad":
        if expected in (first, ""):
            return f"does not begin with `{EXPECT}…`"
        # Taplo prints the lines of a mistake, and must not print what it is expected to say only because it stands here.
        text = "\n" + rest
    schema = HERE.parents[1] / "schemas" / SCHEMAS[kind]
    command = [taplo, "lint", "--no-auto-config", "--colors", "never", "--schema", schema.as_uri(), "-"]
    run = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60, check=False)
    output = (run.stdout + run.stderr).decode()
    if side == "good":
        return f"is refused\n{output}" if run.returncode else None
    if run.returncode == 0:
        return "is accepted"
    return None if expected in output else f"is refused, but not with `{expected}`\n{output}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    taplo = sys.argv[1]
    files = []
    faults = []
    for side in ("good", "bad"):
        for kind in SCHEMAS:
            directory = HERE / side / kind
            found = sorted(directory.glob("*.toml"))
            if not found:
                faults.append(f"{directory}: holds no file")
            files += [(side, kind, file) for file in found]
    known = {file for _, _, file in files}
    faults += [f"{file}: is in no directory of a kind" for file in HERE.rglob("*.toml") if file not in known]
    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(lambda file: fault(taplo, *file), files))
    faults += [f"{file}: {outcome}" for (_, _, file), outcome in zip(files, outcomes) if outcome]
    for line in faults:
        print(line, file=sys.stderr)
    print(f"{len(files)} files, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
