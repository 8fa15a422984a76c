#!/usr/bin/env python3
"""Holds a live server to its OpenAPI document with schemathesis.

    python3 tests/openapi/check.py FORMWORK [--cases N] [--groups N] [--seed N]

Serves the example forms, and the forms of the cases in tests/cases/submit; has the documents validated; sends examples,
samples, boundary values and random requests, good and bad; fails if anything is answered that the document does not say,
or if the server judges otherwise than the document. `--cases` is how many random requests each route gets for good data
and for bad, `--groups` to how many groups of forms they go; a night's run is `--cases 1000 --groups 100`.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path

import hooks
import schemathesis
from openapi_spec_validator import validate
from schemathesis.core.failures import FailureGroup

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ACCEPTED = ["application/json", "application/problem+json", "application/vnd.api+json"]
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "document_agrees",
]
# How many good and how many bad samples of each form are sent.
SAMPLES = 3
# How many forms a token covers.
FORMS = 8


def without_limits(text):
    """A form that may be submitted as often as a check wants."""
    if re.search(r"(?m)^rate_limit", text):
        return text
    return text.replace('access = "public"', 'access = "public"\nrate_limit = false', 1)


def configs_of_examples(directory):
    shutil.copytree(ROOT / "configs", directory)
    for path in (directory / "forms").rglob("*.toml"):
        path.write_text(without_limits(path.read_text(encoding="utf-8")), encoding="utf-8")


def configs_of_cases(directory):
    (directory / "forms").mkdir(parents=True)
    for path in sorted((ROOT / "tests/cases/submit").glob("*.toml")):
        case = tomllib.loads(path.read_text(encoding="utf-8"))
        form = case["form"]
        # Some fail to compute a value, which is 500 by intent; `\\p` is ECMAScript, and unknown to Python, with which the
        # validator reads patterns.
        if "[default_payload" not in form and "\\p" not in form:
            (directory / "forms" / path.name).write_text(without_limits(form), encoding="utf-8")


class Server:
    """A server on a directory of its own."""

    def __init__(self, formwork, directory):
        log = Path(directory) / "log"
        with log.open("w", encoding="utf-8") as stderr:
            command = [formwork, "serve", "--dev", "--listen", "127.0.0.1:0", "--log", "error"]
            self.process = subprocess.Popen(command, cwd=directory, stderr=stderr)
        for _ in range(600):
            text = log.read_text(encoding="utf-8")
            address = re.search(r"on (http://\S+)\n", text)
            token = re.search(r"token for this run: (\S+)\n", text)
            if address and token:
                self.url, self.token = address[1], token[1]
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        sys.exit(f"the server did not start:\n{text}")

    def document(self, token):
        return self.get("/api/openapi.json", token)

    def get(self, path, token):
        request = urllib.request.Request(self.url + path)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def fuzz(server, directory, token, arguments):
    """Runs schemathesis; how many requests it made, or nothing if it found something."""
    document, count = Path(directory) / "openapi.json", Path(directory) / "count"
    document.write_text(json.dumps(server.document(token)), encoding="utf-8")
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "OPENAPI_DOCUMENT": str(document),
        "OPENAPI_COUNT": str(count),
    }
    command = [
        *[str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/api/openapi.json"],
        *["--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--workers", "1"],
        *["--max-examples", str(arguments.cases), "--seed", str(arguments.seed), "--generation-database", "none"],
        # Refused as malformed, wherever it stands.
        *["--generation-allow-x00", "false"],
        *["--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure", "--no-color"],
    ]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    run = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if run.returncode != 0:
        print(run.stdout, run.stderr, sep="\n")
        return None
    return int(count.read_text(encoding="utf-8"))


def printed_samples(formwork, directory, path, arguments):
    """What `formwork sample` makes of one form, good and bad; it is by itself, since to load it with all takes longer."""
    forms = Path(directory) / "configs" / "forms"
    with tempfile.TemporaryDirectory() as alone:
        copy = Path(alone) / "configs" / "forms" / path.relative_to(forms)
        copy.parent.mkdir(parents=True)
        shutil.copy(path, copy)
        name = path.relative_to(forms).with_suffix("").as_posix()
        command = [formwork, "sample", name, "--request", "--count", str(SAMPLES), "--seed", str(arguments.seed)]
        for is_good, kind in [(True, []), (False, ["--invalid"])]:
            # A form that no request fits, or breaks, has none: what it prints until then is sent.
            run = subprocess.run([*command, *kind], cwd=alone, capture_output=True, check=False)
            for line in run.stdout.splitlines():
                yield is_good, json.loads(line)


def fault_of_sample(case, is_good, response):
    """What the server answers otherwise than a sample says; nothing if it is as it should be."""
    found = hooks.disagreement("/api/users", case.body, response.status_code, response.content)
    if found or response.status_code == (201 if is_good else 422):
        return found
    answer = response.json()
    codes = {detail["code"] for detail in answer.get("details", answer["errors"])}
    # Another sample may have the value by now, and what has to be equal to a moment from now on no longer is.
    return None if is_good and codes <= {"taken", "equal_to"} else f"{response.status_code} {response.text}"


def samples(server, directory, formwork, arguments):
    """Sends samples of every form; how many, and what is wrong with the answers."""
    document = server.document(server.token)
    hooks.FORMS = hooks.Forms(document)
    operation = schemathesis.openapi.from_dict(document)["/api/users"]["POST"]
    sent, wrong = 0, []
    for path in sorted((Path(directory) / "configs" / "forms").rglob("*.toml")):
        for is_good, body in printed_samples(formwork, directory, path, arguments):
            headers = {"Authorization": f"Bearer {server.token}", "Accept": ACCEPTED[sent % len(ACCEPTED)]}
            case = operation.Case(body=body, media_type="application/json")
            response = case.call(base_url=server.url, headers=headers)
            sent += 1
            try:
                case.validate_response(response)
                fault = fault_of_sample(case, is_good, response)
            except FailureGroup as error:
                fault = "\n".join(str(failure) for failure in error.exceptions)
            if fault:
                wrong.append(f"{json.dumps(body)}\n{fault}")
    return sent, wrong


def tokens(server, formwork, directory, arguments):
    """Tokens for a few forms each, since a document of hundreds takes schemathesis hours."""
    names = sorted(form["name"] for form in server.get("/api/form_configurations", server.token)["form_configurations"])
    random.Random(arguments.seed).shuffle(names)
    groups = [names[at : at + FORMS] for at in range(0, len(names), FORMS)]
    for index, group in enumerate(groups[: arguments.groups]):
        command = [formwork, "token", "create", "--name", f"group-{index}", "--forms", ",".join(group)]
        yield subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout.strip()


def check(formwork, configs, arguments):
    with tempfile.TemporaryDirectory() as directory:
        configs(Path(directory) / "configs")
        server = Server(formwork, directory)
        try:
            for token in [server.token, None]:
                validate(server.document(token))
            sent, wrong = samples(server, directory, formwork, arguments)
            if wrong:
                print(*wrong[:10], sep="\n\n")
                sys.exit(f"{len(wrong)} of {sent} answers to samples are not as documented")
            counts = [fuzz(server, directory, token, arguments) for token in tokens(server, formwork, directory, arguments)]
            if configs is configs_of_examples:
                counts.append(fuzz(server, directory, None, arguments))
        finally:
            server.stop()
    if None in counts or not all(counts):
        sys.exit(f"schemathesis found something in {configs.__name__}")
    print(f"{configs.__name__}: {sent} samples, {sum(counts)} requests of schemathesis")
    return sent + sum(counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formwork", type=Path)
    parser.add_argument("--cases", type=int, default=10)
    parser.add_argument("--groups", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    formwork = str(arguments.formwork.resolve())
    total = sum(check(formwork, configs, arguments) for configs in [configs_of_examples, configs_of_cases])
    print(f"{total} requests answered as documented")


if __name__ == "__main__":
    main()
