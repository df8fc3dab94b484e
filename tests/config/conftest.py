"""The product as people start it: `python -m config.up` on a var/ and a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from config.paths import ROOT

# What the tests' own environment would otherwise hand on to the product.
OURS = {
    "SITE_URL",
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "ERASURE_KEY",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "ALLOWED_HOSTS",
}

# What a program needs to run, and to do so at the instant of the tests.
BARE = ("PATH", "PYTHONPATH", "CLOCK_OFFSET_S")


def command_environ(var: Path) -> dict[str, str]:
    """Of a command on the product that runs in ``var``: nothing of the tests' own database."""
    return {name: os.environ[name] for name in BARE if name in os.environ} | {"VAR_DIR": str(var)}


def eventually(condition: Callable[[], bool], timeout_s: float = 20) -> bool:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


@dataclass
class Product:
    var: Path
    port: int = field(default_factory=lambda: free_port())  # noqa: PLW0108 (defined below)
    process: subprocess.Popen[str] | None = None
    said: list[str] = field(default_factory=list)

    def start(self, **environ: str) -> Product:
        self._forget()
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in OURS and not name.startswith(("PYTEST_", "TEST_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.up"],
            cwd=ROOT,
            env=kept | {"VAR_DIR": str(self.var), "PORT": str(self.port), "DEMO": "no", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self

    def wait_ready(self) -> Product:
        self.wait_for("is ready")
        return self

    def wait_for(self, words: str) -> None:
        """Until it says so; a product that ends before is a failure, with all it said."""
        assert self.process
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return
        pytest.fail(f"ended with {self.process.wait()}:\n{''.join(self.said)}\n{self.logs()}")

    def end(self, timeout_s: float = 30) -> tuple[int, str]:
        """Its exit code and all it said, once it has ended."""
        assert self.process
        rest, _ = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, "".join(self.said) + rest

    def _forget(self) -> None:
        """Remove files that an earlier start of this product left here."""
        if self.process and self.process.stdout:
            self.process.wait(5)
            self.process.stdout.close()
        self.said.clear()

    def family(self) -> list[psutil.Process]:
        assert self.process
        return psutil.Process(self.process.pid).children(recursive=True)

    def logs(self) -> str:
        return "\n".join(
            f"== {log.name}\n{log.read_text()[-2000:]}"
            for log in sorted((self.var / "log").glob("*.log"))
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    made = Product(tmp_path / "var")
    yield made
    if made.process:
        family = made.family() if made.process.poll() is None else []
        made.process.kill()
        made._forget()
        psutil.wait_procs(family, timeout=15)
