"""Load from `oha`, and what became of it.

Bodies come from files with a line for each request. `oha` draws lines at random and now and then draws one twice, which
is refused: a create is what was answered with the status of one, and nothing else is counted.
"""

import dataclasses
import json
import pathlib
import random
import subprocess
import tempfile
import time

from processes import processor_seconds

CONNECTIONS = 64
# How often to look what the generator takes of the processors, in seconds.
SAMPLE = 0.05


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Answers with the expected status per second, the 99th percentile of all latencies in seconds, the statuses, and, where
    it was looked at, what the generator had of processors for each answer, in seconds."""

    rate: float
    p99: float
    statuses: dict[str, int]
    processor: float = 0


@dataclasses.dataclass(frozen=True)
class Load:
    """What is asked over and over: a path, with bodies if it takes any, and the status that counts."""

    path: str
    bodies: pathlib.Path | None
    expected: int


class Oha:
    def __init__(self, program: pathlib.Path) -> None:
        self.program = program

    def start(self, port: int, load: Load, seconds: float, connections: int, rate: int | None) -> subprocess.Popen:
        paced = ["-q", str(rate)] if rate else []
        posted = ["-m", "POST", "-T", "application/json", "-Z", load.bodies] if load.bodies else []
        command = [
            *[self.program, "--no-tui", "--output-format", "json", "-z", f"{seconds}s", "-c", str(connections)],
            *[*paced, *posted],
            f"http://127.0.0.1:{port}{load.path}",
        ]
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)

    def run(
        self, port: int, load: Load, seconds: float, connections: int = CONNECTIONS, rate: int | None = None
    ) -> Outcome:
        process = self.start(port, load, seconds, connections, rate)
        samples = []
        while process.poll() is None:
            samples.append((time.perf_counter(), processor_seconds(process)))
            time.sleep(SAMPLE)
        outcome = self.finish(process, load)
        # It reads the bodies before it begins, and lets go of them after its end: what lies between is looked at.
        left = lambda share: next(sample for sample in samples if sample[0] > samples[-1][0] - share * seconds)
        (begun, before), (ended, after) = left(0.8), left(0.3)
        answers = sum(outcome.statuses.values()) / seconds
        return dataclasses.replace(outcome, processor=(after - before) / (ended - begun) / answers)

    def finish(self, process: subprocess.Popen, load: Load) -> Outcome:
        output, _ = process.communicate(timeout=300)
        report = json.loads(output)
        statuses = report["statusCodeDistribution"]
        answers = statuses.get(str(load.expected), 0)
        if not answers:
            raise SystemExit(f"{load.path}: no {load.expected} among {statuses}, {report['errorDistribution']}")
        return Outcome(answers / report["summary"]["total"], report["latencyPercentiles"]["p99"], statuses)


def newsletter(email: str) -> dict:
    return {"email": email, "first_name": "Ada", "properties": {"consent": True, "frequency": "daily"}}


def user(email: str) -> dict:
    return {"first_name": "Ada", "email": email, "password": "somepassword"}


# Three errors: no address, no consent, and a frequency that there is not.
REFUSED = {"email": "reader", "first_name": "Ada", "properties": {"consent": False, "frequency": "hourly"}}


def request(name: str, form: dict) -> dict:
    return {"form_configuration_name": name, "form": form}


class Bodies:
    """The files of bodies; the same for every server that takes them."""

    def __init__(self, directory: pathlib.Path, creates: int, users: int) -> None:
        numbers = random.Random(7)
        address = lambda: f"reader{numbers.getrandbits(48):012x}@example.com"
        write = lambda name, bodies: _write(directory / name, bodies)
        self.creates = write(
            "creates", (request("newsletter", newsletter(address())) for _ in range(creates))
        )
        self.users = write(
            "users", (request("reference_rest_api_create_user", user(address())) for _ in range(users))
        )
        # PocketBase has no nested fields in a plain collection.
        self.flat = write(
            "flat",
            (
                {"email": address(), "first_name": "Ada", "consent": True, "frequency": "daily"}
                for _ in range(creates // 4)
            ),
        )
        self.refused = write("refused", [request("newsletter", REFUSED)])


def _write(path: pathlib.Path, bodies) -> pathlib.Path:
    with path.open("w") as file:
        for body in bodies:
            file.write(json.dumps(body, separators=(",", ":")) + "\n")
    return path


def temporary(directory: pathlib.Path) -> tempfile.TemporaryDirectory:
    """A directory on the disk that is measured, not in memory."""
    return tempfile.TemporaryDirectory(dir=directory)
