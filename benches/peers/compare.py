"""Measures formwork beside what else would do its work, all in one interleaved run.

    python3 benches/peers/compare.py

Installs and builds whatever is missing, runs rounds of everything, and prints the tables of `benches/README.md`. Needs
cargo, Node.js with npm, a C++ compiler with make, Python, and PostgreSQL with pgbench. The machine has to be quiet.
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import subprocess
import time

import install
from load import Bodies, Load, Oha, temporary
from servers import TARGET, Postgres, directus, fastapi, fastify, formwork, pocketbase

WARM_UP = 2
# Requests a second while it is measured what hashing does to their latency: about a hundredth of what there could be.
PACE = 500
PACED_CONNECTIONS = 8
STARTS = 5


@dataclasses.dataclass(frozen=True)
class Goal:
    """What is divided by what, and what should come out: at least, or at most, so much."""

    label: str
    numerator: str
    denominator: str
    at_least: float | None = None
    at_most: float | None = None

    def ratios(self, rounds: list[dict[str, float]]) -> tuple[float, float, float]:
        """The least of a round, the ratio of medians, and the most of a round."""
        each = [round[self.numerator] / round[self.denominator] for round in rounds]
        median = lambda key: statistics.median(round[key] for round in rounds)
        return min(each), median(self.numerator) / median(self.denominator), max(each)

    def row(self, rounds: list[dict[str, float]]) -> str:
        goal = f"≥ {self.at_least:g}" if self.at_least else f"≤ {self.at_most:g}"
        if any(key not in round for round in rounds for key in (self.numerator, self.denominator)):
            return f"| {self.label} | {goal} | | not measured | | |"
        least, ratio, most = self.ratios(rounds)
        met = ratio >= self.at_least if self.at_least else ratio <= self.at_most
        return f"| {self.label} | {goal} | {least:.2f} | {ratio:.2f} | {most:.2f} | {'yes' if met else 'no'} |"


GOALS = [
    Goal("creates without a password ÷ Fastify, a commit each", "create", "create fastify each", at_least=12),
    Goal("… ÷ Fastify with a group commit", "create", "create fastify group", at_least=1.6),
    Goal("… ÷ PocketBase", "create", "create pocketbase", at_least=8),
    Goal("… p99 ÷ that of Fastify with a group commit", "create p99", "create fastify group p99", at_most=0.8),
    Goal("… on PostgreSQL ÷ single inserts of pgbench", "create postgres", "pgbench", at_least=1.2),
    Goal("creates with a password ÷ bare hashes on all cores", "user", "hashes", at_least=0.92),
    Goal("… ÷ Fastify with the `argon2` addon", "user", "user fastify", at_least=1.6),
    Goal("… with `simd-argon2` ÷ bare hashes of the same", "user simd", "hashes simd", at_least=0.92),
    Goal("… with `simd-argon2` ÷ Fastify with the `argon2` addon", "user simd", "user fastify", at_least=3),
    Goal("422 with three errors ÷ Fastify's", "refused", "refused fastify", at_least=3),
    Goal("p99 without a password, while hashing is saturated ÷ while not", "paced busy p99", "paced p99", at_most=3),
    Goal("peak memory, creates without a password ÷ Fastify's", "create MiB", "create fastify group MiB", at_most=0.4),
    Goal("peak memory, creates with a password ÷ Fastify's", "user MiB", "user fastify MiB", at_most=0.4),
    Goal("start to ready ÷ Fastify's", "ready", "ready fastify", at_most=0.1),
]


class Run:
    """Everything that a round needs, and what the current one has found out."""

    def __init__(self, arguments: argparse.Namespace, work: pathlib.Path) -> None:
        self.oha = Oha(install.oha())
        install.peers()
        self.simd, self.simd_hashing = install.formwork("formwork-simd", "--features", "simd-argon2")
        self.server, self.hashing = install.formwork("formwork")
        self.work, self.seconds = work, arguments.seconds
        bodies = Bodies(work, arguments.bodies, arguments.bodies // 40)
        self.create = Load("/api/users", bodies.creates, 201)
        self.user = Load("/api/users", bodies.users, 201)
        self.nothing = Load("/healthz", None, 200)
        self.refused = Load("/api/users", bodies.refused, 422)
        self.flat = Load("/api/collections/newsletter/records", bodies.flat, 200)
        self.items = Load("/items/newsletter", bodies.flat, 204)
        self.found: dict[str, float] = {}

    def note(self, key: str, start, load: Load) -> None:
        """What a fresh server does with a load, once it is warm, and the most memory that it takes."""
        with temporary(self.work) as name, start(pathlib.Path(name)) as server:
            self.oha.run(server.port, load, WARM_UP)
            before = server.processor_seconds()
            outcome = self.oha.run(server.port, load, self.seconds)
            processor = (server.processor_seconds() - before) / sum(outcome.statuses.values())
            memory = server.peak_mib()
        self.found |= {
            **{key: outcome.rate, f"{key} p99": outcome.p99, f"{key} MiB": memory},
            **{f"{key} server": processor, f"{key} generator": outcome.processor},
        }
        others = {status: count for status, count in outcome.statuses.items() if status != str(load.expected)}
        print(
            f"  {key:<24} {outcome.rate:>10,.0f}/s  p99 {outcome.p99 * 1e3:>8.2f} ms  {memory:>6.0f} MiB",
            f" {processor * 1e6:>8.1f} + {outcome.processor * 1e6:.1f} µs  {others or ''}",
        )

    def bare_hashes(self, key: str, program: pathlib.Path) -> None:
        seconds = str(round(self.seconds))
        self.found[key] = float(subprocess.run([program, seconds], check=True, capture_output=True, text=True).stdout)
        print(f"  {key:<24} {self.found[key]:>10,.1f}/s")

    def beside_hashing(self) -> None:
        """The latency of few requests without a password, by themselves and while all cores hash."""
        with temporary(self.work) as name, formwork(pathlib.Path(name), self.server) as server:
            paced = lambda: self.oha.run(server.port, self.create, self.seconds, PACED_CONNECTIONS, PACE).p99
            paced()
            self.found["paced p99"] = paced()
            hashing = self.oha.start(server.port, self.user, self.seconds + 4, 64, None)
            time.sleep(2)
            self.found["paced busy p99"] = paced()
            self.oha.finish(hashing, self.user)
        print("  paced p99 {:.2f} ms, beside hashing {:.2f} ms".format(
            *(self.found[key] * 1e3 for key in ("paced p99", "paced busy p99"))
        ))

    def starts(self, key: str, start) -> None:
        """From the start of the process until it answers, on a database that is there."""
        with temporary(self.work) as name:
            times = []
            for _ in range(STARTS + 1):
                with start(pathlib.Path(name)) as server:
                    times.append(server.seconds_to_ready)
        self.found[key] = statistics.median(times[1:])
        print(f"  {key:<24} {self.found[key] * 1e3:>10.1f} ms")

    def postgres(self) -> None:
        with temporary(self.work) as name, Postgres(pathlib.Path(name)) as cluster:
            self.found["pgbench"] = cluster.single_inserts(round(self.seconds), 64)
            print(f"  {'pgbench':<24} {self.found['pgbench']:>10,.0f}/s")
            self.note("create postgres", lambda at: formwork(at, self.server, cluster.url), self.create)

    def round(self) -> dict[str, float]:
        self.found = {}
        ours = lambda at: formwork(at, self.server)
        faster = lambda at: formwork(at, self.simd)
        each, group = (lambda at: fastify(at, "each")), (lambda at: fastify(at, "group"))
        self.note("create fastify each", each, self.create)
        self.note("create", ours, self.create)
        self.note("create fastify group", group, self.create)
        self.note("create pocketbase", pocketbase, self.flat)
        self.note("create directus", directus, self.items)
        self.note("create fastapi", fastapi, self.create)
        self.postgres()
        self.note("nothing", ours, self.nothing)
        self.note("refused", ours, self.refused)
        self.note("refused fastify", group, self.refused)
        self.bare_hashes("hashes", self.hashing)
        self.note("user", ours, self.user)
        self.note("user fastify", group, self.user)
        self.bare_hashes("hashes simd", self.simd_hashing)
        self.note("user simd", faster, self.user)
        self.beside_hashing()
        self.starts("ready", ours)
        self.starts("ready fastify", group)
        return self.found


def absolute(rounds: list[dict[str, float]]) -> None:
    print("\n| per second | min | median | max | p99, ms | peak, MiB | server, µs | generator, µs |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for key in rounds[0]:
        if key.startswith(("paced", "ready")) or key.endswith((" p99", " MiB", " server", " generator")):
            continue
        rates = [round[key] for round in rounds]
        median = lambda key: statistics.median(round[key] for round in rounds)
        beside = ["", "", "", ""]
        if f"{key} p99" in rounds[0]:
            beside = [f"{median(f'{key} p99') * 1e3:.2f}", f"{median(f'{key} MiB'):.0f}"]
            beside += [f"{median(f'{key} {who}') * 1e6:.1f}" for who in ("server", "generator")]
        print(f"| {key} | {min(rates):,.0f} | {statistics.median(rates):,.0f} | {max(rates):,.0f} | {' | '.join(beside)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6, help="how long each is measured in a round")
    parser.add_argument("--bodies", type=int, default=10_000_000, help="different creates to draw from")
    arguments = parser.parse_args()
    TARGET.mkdir(exist_ok=True)
    with temporary(TARGET) as name:
        run = Run(arguments, pathlib.Path(name))
        rounds = []
        for number in range(arguments.rounds):
            print(f"round {number + 1}", flush=True)
            rounds.append(run.round())
    (TARGET / "peers" / "rounds.json").write_text(json.dumps(rounds, indent=1))
    print("\n| ratio | goal | min | of medians | max | met |\n| --- | --- | --- | --- | --- | --- |")
    for goal in GOALS:
        print(goal.row(rounds))
    absolute(rounds)


if __name__ == "__main__":
    main()
