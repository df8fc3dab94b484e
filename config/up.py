"""`make run`: start servers, prepare the database, then run web, workers and beat."""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from config import env
from config.embedded import keys, places, processes, running, services
from config.embedded.nursery import NoNursery, Nursery
from config.embedded.supervise import Child, Interrupted, Started, Supervisor
from config.paths import ROOT, var_dir

DEFAULT_PORT = "8000"
LAST_PORT = 65535
READY_TIMEOUT_S = 60
# Events and clocks never wait for an external system, and quick systems never wait for slow ones.
WORKERS = {
    "worker": "default,process,sweep",
    "worker-outbound": "reading,outbound,outbound-bulk",
    "worker-slow": "outbound-slow",
}
# The quick worker has a child more than one connection may use, see outbox.take.AT_ONCE.
CHILDREN = {"worker": 2, "worker-outbound": 4, "worker-slow": 2}
QUEUES = ",".join(WORKERS.values())
# Workers do not talk to each other: with a frozen Valkey, sending a heartbeat would block a worker.
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")
WAVES = (("beat", *WORKERS, "web"), ("valkey", "postgres"))


class StartupError(Exception):
    """The product cannot start. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class LocalRun:
    var: Path
    port: int
    supervisor: Supervisor
    nursery: Nursery

    @property
    def url(self) -> str:
        return os.environ.get("SITE_URL") or f"http://127.0.0.1:{self.port}"

    def go(self) -> None:
        self.supervisor.listen()
        refuse_taken(self.port)
        for folder in ("log", "files", "mail", "metrics"):
            (self.var / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        secrets = keys.load(self.var)
        say(f"Starting on {self.var}")
        passwords = {role: secrets[role] for role in keys.ROLES}
        found = services.start(self.var, passwords, self.supervisor)
        self.supervisor.check()
        environ = self.environ(secrets, found)
        owner = environ | {"DATABASE_OWNER_URL": found.owner_url}
        self.prepare(owner, found.pg_dump)
        shared = {name: value for name, value in owner.items() if name in env.NAMES}
        running.publish(self.var, shared)
        self.start_product(environ)
        if not self.supervisor.wait_until(lambda: ready(self.port), READY_TIMEOUT_S):
            raise StartupError(
                f"The product did not become ready within {READY_TIMEOUT_S} s. See "
                f"{self.var / 'log'}."
            )
        self.welcome()
        self.supervisor.watch()

    def environ(self, secrets: dict[str, str], found: services.Services) -> dict[str, str]:
        ours = {name: os.environ.get(name) or secrets[name] for name in keys.ENVIRONMENT}
        metrics = self.var / "metrics"
        shutil.rmtree(metrics)  # metrics of processes that have ended
        metrics.mkdir(mode=0o700)
        ours |= {
            "VAR_DIR": str(self.var),
            "SITE_URL": self.url,
            "BIND": f"127.0.0.1:{self.port}",
            "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS") or "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
        }
        environ = dict(os.environ)
        for name in ("DATABASE_OWNER_URL", "EMBEDDED"):
            environ.pop(name, None)
        return environ | ours | found.environment

    def prepare(self, environ: dict[str, str], pg_dump: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "prepare", "--pg-dump", pg_dump]
        task = "Preparing the database and the static files"
        if os.environ.get("DEMO") != "no":
            command.append("--demo")
            task += ", the first time also the demo"
        say(task)
        # At INFO, loading the demo would log each event that it enqueues.
        done = self.supervisor.run(command, environ | {"LOG_LEVEL": "WARNING"})
        (self.var / "log" / "prepare.log").write_text(done.stdout)
        if done.returncode:
            raise StartupError(
                f"{_reason(done.stdout)}\nFull output: {self.var / 'log' / 'prepare.log'}"
            )
        for line in done.stdout.splitlines():
            say(line)

    def start_product(self, environ: dict[str, str]) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "config.celery"]
        metrics = {"PROMETHEUS_MULTIPROC_DIR": str(self.var / "metrics")}
        self.add(
            "web",
            [sys.executable, "-m", "gunicorn", "-c", "python:config.web.gunicorn", "config.wsgi"],
            environ | metrics,
        )
        for name, queues in WORKERS.items():
            which = ["-n", f"{name}@%h", "-Q", queues, "-c", str(CHILDREN[name])]
            self.add_forked(name, [*celery, "worker", *which, *ALONE], environ)
        self.add_forked("beat", [*celery, "beat", "--pidfile="], environ)

    def add(self, name: str, command: list[str], environ: dict[str, str]) -> None:
        self.supervisor.add(Child(name, lambda: self.started(name, command, environ)))

    def add_forked(self, name: str, command: list[str], environ: dict[str, str]) -> None:
        """Add one of Celery's processes. They share the memory of what they import."""

        def start() -> Started:
            try:
                return self.nursery.fork(command, environ, self.log(name))
            except NoNursery as error:
                say(f"{name} is started by itself, because {error} (see {self.log('nursery')})")
                return self.started(name, command, environ)

        self.supervisor.add(Child(name, start))

    def started(self, name: str, command: list[str], environ: dict[str, str]) -> Started:
        with self.log(name).open("ab") as log:
            return subprocess.Popen(
                command, env=environ, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=processes.tied(signal.SIGKILL),
            )  # fmt: skip

    def log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def welcome(self) -> None:
        say(f"Throughline is ready: {self.url}")
        sign_ins = self.var / "sign-ins"
        if sign_ins.exists():
            say(f"Sign-ins: {sign_ins}")
        say(f"Logs: {self.var / 'log'}.  Stop with Ctrl-C.")


def _reason(output: str) -> str:
    """Return the message of a failed command, or the last line of its traceback."""
    lines = output.strip().splitlines() or ["prepare failed without any output"]
    return lines[-1] if "Traceback (most recent call last):" in output else "\n".join(lines)


def ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def refuse_taken(port: int) -> None:
    """:raises StartupError: if the port cannot be used"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise StartupError(
                    f"Port {port} needs more rights than you have. Choose one above 1023: make run "
                    f"PORT=8000"
                ) from None
            raise StartupError(
                f"Port {port} is taken by another program. Choose another: make run PORT={port + 1}"
            ) from None


def chosen_port() -> int:
    text = os.environ.get("PORT") or DEFAULT_PORT
    if not text.isdecimal() or not 0 < int(text) <= LAST_PORT:
        raise StartupError(
            f"PORT={text} is not a port. Choose a number from 1024 to 65535: make run PORT=8001"
        )
    return int(text)


def say(text: str) -> None:
    with contextlib.suppress(OSError):  # a closed terminal must not keep us from stopping in order
        print(text, flush=True)


def main() -> int:
    if "--tied" in sys.argv[1:-1]:  # stop when `make` is killed, because nobody else would stop us
        processes.die_with(int(sys.argv[-1]), signal.SIGTERM)
    var = var_dir()
    # Others may pass through but not list: the database may run as nobody.
    var.mkdir(parents=True, exist_ok=True, mode=0o711)
    supervisor = Supervisor(say)
    nursery = Nursery(var / "log" / "nursery.log", supervisor.check)
    try:
        run = LocalRun(var, chosen_port(), supervisor, nursery)
        held = running.lock(var, running.Running(os.getpid(), run.url))
    except (StartupError, running.AlreadyRunning) as error:
        say(str(error))
        return 1
    try:
        run.go()
    except Interrupted:
        pass
    except (StartupError, keys.KeysLost, services.Misnamed, places.NotInstalled, OSError) as error:
        say(f"Throughline could not start. {error}")
        supervisor.stop(*WAVES)
        nursery.close()
        return 1
    say("Stopping…")
    supervisor.stop(*WAVES)
    nursery.close()
    services.clear(var)
    running.retire(var)
    os.close(held)
    say("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
