"""Copies of two commits in folders of their own, with a Python that has their requirements."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Checkout:
    """One side: its files, and what to call it."""

    name: str
    folder: Path
    python: str


def of_commit(ref: str, folder: Path) -> Checkout:
    """Unpack a commit; :raises subprocess.CalledProcessError: if there is none of that name"""
    name = _git("rev-parse", "--short", "--verify", f"{ref}^{{commit}}").decode().strip()
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", name))) as archive:
        archive.extractall(folder, filter="data")
    return Checkout(name, folder, _python(folder))


def of_working_tree(folder: Path) -> Checkout:
    """Copy the working tree, so that edits during the run do not change what is measured."""
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").decode()
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():  # git still lists deleted files
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    name = _git("describe", "--always", "--dirty").decode().strip()
    return Checkout(name, folder, sys.executable)


def _python(folder: Path) -> str:
    """Return this Python if it has all requirements of the commit, or else a new environment."""
    if pins(folder / "requirements" / "run.txt") <= pins(ROOT / "requirements" / "dev.txt"):
        return sys.executable
    subprocess.run(["scripts/venv", "run"], cwd=folder, check=True, stdout=sys.stderr)
    return str(folder / ".venv" / "bin" / "python")


def pins(requirements: Path) -> frozenset[str]:
    """
    Return the packages of a requirements file with their versions and hashes, without comments.
    """
    lines = (line.partition("#")[0].strip(" \\") for line in requirements.read_text().splitlines())
    packages: list[str] = []
    for line in filter(None, lines):
        if line.startswith("--hash"):
            packages[-1] += f" {line}"
        else:
            packages.append(line)
    return frozenset(packages)


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
