#!/usr/bin/env python3
"""Reads what `formwork lint --format junit` prints with the parser of junitparser.

    python3 tests/junit/check.py FORMWORK

The example forms have to pass, one case each; a form with faults has to fail with as many cases as there are findings.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from junitparser import Failure, JUnitXml

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
FAULTS = "resource = \"Usr\"\nacess = '<&\"]]>'\n"


def lint(formwork, directory, form):
    run = subprocess.run([formwork, "lint", "--format", form], cwd=directory, capture_output=True, timeout=60, check=False)
    return run.stdout


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    formwork = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as directory:
        configs = Path(directory) / "configs"
        shutil.copytree(CONFIGS, configs)
        files = {str(path.relative_to(directory)) for path in configs.rglob("*.toml")}
        suites = list(JUnitXml.fromstring(lint(formwork, directory, "junit")))
        assert {suite.name for suite in suites} == files, [suite.name for suite in suites]
        assert all(case.is_passed for suite in suites for case in suite)
        assert all(len(list(suite)) == 1 for suite in suites)

        (configs / "forms" / "bad.toml").write_text(FAULTS, encoding="utf-8")
        findings = json.loads(lint(formwork, directory, "json"))["diagnostics"]
        report = JUnitXml.fromstring(lint(formwork, directory, "junit"))
        [bad] = [suite for suite in report if suite.name == "configs/forms/bad.toml"]
        failures = [result for case in bad for result in case.result]
        assert all(isinstance(failure, Failure) for failure in failures)
        assert len(findings) > 1 and report.failures == len(findings)
        assert [failure.type for failure in failures] == [finding["rule"] for finding in findings]
        for failure, finding in zip(failures, findings):
            assert failure.message == f"{finding['severity']}: {finding['message']}", failure.message
    print(f"{len(files)} suites, {len(findings)} failures")


if __name__ == "__main__":
    main()
