"""Installs what is measured, in the versions that this directory pins, under `target/` and the `node_modules` here."""

import os
import pathlib
import shutil
import subprocess
import sys

from servers import DIRECTUS, HERE, PYTHON, ROOT, TARGET, newer_node

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
    if not (PYTHON / "pocketbase").exists() or not newer_node():
        run(sys.executable, "-m", "venv", PYTHON.parent)
        run(PYTHON / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt")
    if not DIRECTUS.exists():
        directus()


def directus() -> None:
    """With the Node.js that it runs on, against whose headers its addons are built where they come without binaries."""
    home = newer_node()
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    npm = [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    run(*npm, "install", "--prefix", HERE / "directus", env={**os.environ, "PATH": path, "npm_config_nodedir": str(home)})


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
