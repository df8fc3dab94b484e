"""Keep a few processes running: restart those that die, and stop all in order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from config.embedded import processes

STEADY_S = 60  # a child that lived this long has earned a quick restart
LONGEST_PAUSE_S = 30.0
TICK_S = 0.1


class Started(Protocol):
    """A child process, as ``subprocess`` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...


@dataclass
class Child:
    name: str
    start: Callable[[], Started]
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 20
    may_be_cut: bool = True  # may be killed if somebody asks a second time
    process: Started | None = None
    started_at: float = 0
    again_at: float | None = None
    failures: int = field(default=0)

    def launch(self) -> None:
        self.process, self.started_at, self.again_at = self.start(), time.monotonic(), None

    def adopt(self, process: Started) -> Child:
        self.process, self.started_at = process, time.monotonic()
        return self

    def look(self, say: Callable[[str], None]) -> None:
        """Check the child: note its death, or restart it once its pause is over."""
        now = time.monotonic()
        if self.again_at is not None:
            if now >= self.again_at:
                self.launch()
            return
        if self.process is None or (code := self.process.poll()) is None:
            return
        self.failures = 1 if now - self.started_at > STEADY_S else self.failures + 1
        pause = min(LONGEST_PAUSE_S, 2.0 ** (self.failures - 1))
        kill_group(self.process.pid)  # its own children must not run beside its successor
        say(f"{self.name} {ended(code)}; starting it again in {pause:.0f} s (see its log)")
        self.again_at = now + pause


class Interrupted(Exception):
    """Somebody asked us to stop."""


@dataclass
class Supervisor:
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    asked: int = 0

    def listen(self) -> None:
        """
        Stop at Ctrl-C, SIGTERM or a closed terminal. The second one stops at once.
        """
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked += 1

    def check(self) -> None:
        """:raises Interrupted: once somebody asked us to stop"""
        if self.asked:
            raise Interrupted

    def add(self, child: Child) -> None:
        self.children.append(child)
        if child.process is None:
            child.launch()

    def watch(self) -> None:
        """Watch the children until somebody asks us to stop."""
        while not self.asked:
            self._look()
            time.sleep(TICK_S)

    def _look(self) -> None:
        for child in self.children:
            child.look(self.say)
        processes.reap_orphans({each.process.pid for each in self.children if each.process})

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            self.check()
            self._look()
            if ready():
                return True
            time.sleep(TICK_S)
        return False

    def run(self, command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a short command to its end, unless somebody asks us to stop."""
        with subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,  # noqa: E501
            preexec_fn=processes.tied(signal.SIGKILL),
        ) as process:  # fmt: skip
            while True:
                try:
                    output, _ = process.communicate(timeout=TICK_S)
                except subprocess.TimeoutExpired:
                    if self.asked:
                        kill_group(process.pid)
                        raise Interrupted from None
                    continue
                return subprocess.CompletedProcess(command, process.returncode, output)

    def stop(self, *waves: Iterable[str]) -> None:
        """Stop the named children in waves, so that the database stops after its users."""
        for wave in waves:
            names = set(wave)
            going = [child for child in self.children if child.name in names and child.process]
            for child in going:
                _signal(child, child.stop_signal)
            for child in going:
                self._await_end(child)

    def _await_end(self, child: Child) -> None:
        process, impatient = child.process, self.asked + 1
        if process is None:
            return
        until = time.monotonic() + child.patience_s
        while process.poll() is None:
            if time.monotonic() > until or (child.may_be_cut and self.asked >= impatient):
                self.say(f"{child.name} did not stop in time; killed")
                break
            time.sleep(TICK_S / 2)
        kill_group(process.pid)
        process.wait()


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process and child.process.poll() is None:
        child.process.send_signal(number)


def kill_group(leader: int) -> None:
    """Kill a child and its own children. Each child leads a session, so they share its group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def ended(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
