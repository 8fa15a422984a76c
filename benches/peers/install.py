"""Installs what is measured, in the versions that this directory pins, under `target/` and `fastify/node_modules`."""

import pathlib
import shutil
import subprocess
import sys

from servers import HERE, PYTHON, ROOT, TARGET

OHA = "1.16.0"
PROGRAMS = TARGET / "peers"


def run(*command: object, **options) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, **options)


def oha() -> pathlib.Path:
    program = TARGET / "tools" / "bin" / "oha"
    if not program.exists():
        run("cargo", "install", "--quiet", "--locked", "--root", TARGET / "tools", f"oha@{OHA}")
    return program


def peers() -> None:
    if not (HERE / "fastify" / "node_modules").exists():
        run("npm", "ci", "--prefix", HERE / "fastify")
    if not (PYTHON / "pocketbase").exists():
        run(sys.executable, "-m", "venv", PYTHON.parent)
        run(PYTHON / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt")


def formwork(name: str, *features: str) -> tuple[pathlib.Path, pathlib.Path]:
    """Builds the server and the measurement of its bare hashes, and keeps both under a name."""
    build = ["cargo", "build", "--release", "--locked", "-p", "formwork", *features]
    run(*build)
    run(*build, "--example", "hashing")
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    release = TARGET / "release"
    server = shutil.copy2(release / "formwork", PROGRAMS / name)
    hashing = shutil.copy2(release / "examples" / "hashing", PROGRAMS / f"{name}-hashing")
    return pathlib.Path(server), pathlib.Path(hashing)
