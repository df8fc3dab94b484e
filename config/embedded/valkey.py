"""An embedded Valkey on a unix socket, with an append-only file."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from config.embedded import places, processes

START_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Valkey:
    data: Path
    socket: Path
    durable: bool = True

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def command(self) -> list[str]:
        given = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--dir": str(self.data),
            "--appendonly": "yes" if self.durable else "no",
            "--save": "",
            "--maxmemory-policy": "noeviction",  # a full broker must refuse, not forget
        }
        command = [str(places.valkey_program())]
        for option, value in given.items():
            command += [option, value]
        return command

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        self.data.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            return subprocess.Popen(
                self.command(),
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=processes.tied(signal.SIGTERM),
            )

    def ready(self) -> bool:
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:  # it may still be reading its file
                return False


def wait(server: Valkey, log: Path) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers."""
    process = server.start(log)
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        if server.ready():
            return process
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise OSError(f"Valkey did not start; see {log}")
