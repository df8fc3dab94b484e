"""
A real WordPress for the tests: Debian's package or another core, with a database of its own that is
gone when the tests end.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha1
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

# The folder of another version, unpacked: with wp-admin, wp-includes and its own PHP files.
CORE = Path(os.environ.get("WORDPRESS_CORE") or "/usr/share/wordpress")
PARTS = Path(__file__).with_name("wp")  # the PHP that we put around it
PROGRAMS = ("php", "mariadbd", "mariadb-install-db")
WORKERS = 4  # WordPress calls itself
START_S = 60

# Tests that are killed cannot tidy up: this ends the groups when the run is gone.
GUARD = 'while kill -0 "$0" 2>/dev/null; do sleep 1; done; for group in "$@"; do kill -9 "-$group" 2>/dev/null; done'  # noqa: E501

_processes: list[subprocess.Popen[bytes]] = []  # kept, or Python complains that they still run


@dataclass(frozen=True)
class WordPress:
    """
    One that answers.

    ``passwords`` holds an application password by user: admin, editor, author.
    """

    url: str
    folder: str
    passwords: dict[str, str]
    groups: list[int]  # process groups, in the order to end them

    def token(self, user: str) -> str:
        return f"{user}:{self.passwords[user]}"

    def new_token(self, user: str) -> str:
        """An application password of its own, so that ``misbehave`` harms nobody else."""
        made = self.call(
            "POST", "/users/me/application-passwords", user, json={"name": secrets.token_hex(6)}
        )
        return f"{user}:{made['password']}"

    def call(self, method: str, path: str, user: str = "admin", **options: Any) -> Any:
        """Act as someone else through the API and return the JSON of the answer."""
        headers = {"authorization": basic(self.token(user))}
        answer = httpx.request(
            method,
            f"{self.url}/wp-json/wp/v2{path}",
            headers=headers,
            timeout=30,
            trust_env=False,
            **options,
        )
        answer.raise_for_status()
        return answer.json()

    def version(self) -> tuple[int, ...]:
        """Of its core, such as (6, 1, 9)."""
        said = (CORE / "wp-includes" / "version.php").read_text(encoding="utf-8")
        found = re.search(r"^\$wp_version = '([0-9.]+)", said, re.MULTILINE)
        assert found, said
        return tuple(int(part) for part in found[1].split("."))

    def misbehave(self, token: str, fault: str, call: int = 1) -> None:
        """
        The next call of whoever has ``token``, or a later one, goes wrong; the others are as ever.

        ``lost``: a write is carried out, and its connection cut. ``maintenance``: the answer is a
        web page with status 200.
        """
        self._note(token).write_text(f"{fault} {call}")

    def hold(self, token: str, call: int = 1) -> Path:
        """
        Carry out a write of whoever has ``token``, and keep the answer back.

        :return: a file that is there once everything is committed; removing it lets the answer go
        """
        self.misbehave(token, "held", call)
        note = self._note(token)
        return note.with_name(f"{note.name}-held")

    def _note(self, token: str) -> Path:
        return (
            Path(self.folder)
            / f"fault-{sha1(basic(token).encode(), usedforsecurity=False).hexdigest()}"
        )


def basic(token: str) -> str:
    return f"Basic {base64.b64encode(token.encode()).decode()}"


def missing() -> list[str]:
    """Return the programs that would have to be installed first."""
    return [
        *(program for program in PROGRAMS if shutil.which(program) is None),
        *([] if CORE.is_dir() else ["wordpress"]),
    ]


def started(base: Path, charset: str = "utf8mb4", only_for: str = "") -> WordPress:
    """
    The one of this test run: the first worker that asks starts it, the others find it.

    :param charset: of its tables; utf8mb3 stores no emoji
    :param only_for: whoever has one of their own
    """
    parts = ("wordpress", charset if charset != "utf8mb4" else "", only_for)
    name = "-".join(part for part in parts if part)
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = base / f"{name}.json"
        if not note.exists():
            note.write_text(json.dumps(asdict(_start(base / name, charset))))
        return WordPress(**json.loads(note.read_text()))


def stop(base: Path) -> None:
    """End what ``started`` began, if it did."""
    groups: list[int] = []
    for note in base.glob("wordpress*.pids"):
        groups += map(int, note.read_text().split())
    _end(groups)


def _end(groups: list[int]) -> None:
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)  # it keeps nothing
    for process in _processes:
        process.wait(10)


def _start(folder: Path, charset: str) -> WordPress:
    folder.mkdir()
    folder.chmod(0o755)
    database = _database(folder)
    port = _free_port()
    site = _site(folder, f"http://127.0.0.1:{port}", charset)
    env = {
        "PATH": os.environ["PATH"],
        "TL_FOLDER": str(folder),
        "PHP_CLI_SERVER_WORKERS": str(WORKERS),
    }
    done = subprocess.run(
        ["php", str(PARTS / "install.php")],
        env=env,
        cwd=site,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"WordPress could not be set up: {done.stdout[-800:]} {done.stderr[-800:]}"
        )
    server = _spawn(
        folder, ["php", "-S", f"127.0.0.1:{port}", "-t", str(site), str(PARTS / "router.php")], env
    )
    _spawn(
        folder, ["sh", "-c", GUARD, os.environ["TEST_CONTROLLER"], str(server), str(database)], env
    )
    made = WordPress(
        f"http://127.0.0.1:{port}",
        str(folder),
        json.loads(done.stdout.splitlines()[-1]),
        [server, database],
    )
    _wait(lambda: httpx.get(f"{made.url}/wp-json/", trust_env=False, timeout=30).status_code == 200)
    return made


def _database(folder: Path) -> int:
    data, user = folder / "mariadb", ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db", *user],  # noqa: E501
        capture_output=True, timeout=START_S, check=True,
    )  # fmt: skip
    where = f"--socket={folder / 'db'}"
    quick = [
        "--skip-networking",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=32M",
    ]
    group = _spawn(
        folder,
        [
            "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            where,
            f"--pid-file={folder / 'db.pid'}",
            *quick,
            *user,
        ],
        None,
    )
    _wait((folder / "db").exists)
    return group


def _site(folder: Path, url: str, charset: str) -> Path:
    """The core's own files, so that ABSPATH is here, and a theme: the package brings none."""
    site = folder / "site"
    shutil.copytree(PARTS / "theme", site / "wp-content" / "themes" / "plain")
    (site / "wp-content" / "uploads").mkdir()
    for file in CORE.glob("*.php"):
        shutil.copy(file, site / file.name)
    for part in ("wp-admin", "wp-includes"):
        (site / part).symlink_to(CORE / part)
    shutil.copy(PARTS / "config.php", site / "wp-config.php")
    settings = {"url": url, "key": secrets.token_hex(32), "charset": charset}
    (folder / "settings.json").write_text(json.dumps(settings))
    return site


def _spawn(folder: Path, command: list[str], env: dict[str, str] | None) -> int:
    """Start it in a process group of its own, and write that down at once."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _processes.append(process)
    with folder.with_suffix(".pids").open("a") as note:
        note.write(f"{process.pid}\n")
    return process.pid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(ready: Any) -> None:
    until = monotonic() + START_S
    while monotonic() < until:
        with suppress(httpx.HTTPError):
            if ready():
                return
        sleep(0.05)
    raise RuntimeError("WordPress did not start in time.")
