"""As whom a server runs: PostgreSQL refuses to be root, and root may start us."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CLONE_NEWUSER = 0x10000000  # unshare(2)
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Identity:
    uid: int  # who owns the server's files, seen from outside
    gid: int
    before: Callable[[], None] | None = None  # runs in the child, before the program
    drop: bool = False  # whether the child gives up root for ``uid``

    def popen(self) -> dict[str, Any]:
        """Arguments for subprocess; ``before`` is for the caller to place."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drop else {}

    def own(self, path: Path) -> None:
        """
        Give ``path`` and what is in it to this identity, wherever an earlier one left it to
        another.
        """
        if os.geteuid() or path.lstat().st_uid == self.uid:
            return
        for found in [path, *path.rglob("*")]:
            os.chown(found, self.uid, self.gid, follow_symlinks=False)

    def can_reach(self, path: Path) -> bool:
        """Return whether the user could enter ``path``. A folder above may be closed to it."""
        test = ["/bin/sh", "-c", 'test -x "$1" && test -r "$1"', "sh", str(path)]
        return (
            subprocess.run(
                test, check=False, cwd="/", preexec_fn=self.before, **self.popen()
            ).returncode
            == 0
        )


def choose() -> Identity:
    """
    Ourselves when not root; else root seen as nobody from inside a user namespace; else nobody.
    """
    if os.geteuid():
        return Identity(os.geteuid(), os.getegid())
    inside = Identity(0, 0, before=_enter_namespace)
    return inside if _works(inside) else nobody()


def nobody() -> Identity:
    user = pwd.getpwnam("nobody")
    return Identity(user.pw_uid, user.pw_gid, drop=True)


def _works(identity: Identity) -> bool:
    probe = [shutil.which("id") or "/usr/bin/id", "-u"]
    try:
        done = subprocess.run(
            probe, check=False, capture_output=True, preexec_fn=identity.before, cwd="/"
        )
    except subprocess.SubprocessError:  # the preparation failed: containers often forbid namespaces
        return False
    return done.returncode == 0 and done.stdout.strip() not in {b"", b"0"}


def _enter_namespace() -> None:
    """
    Become `nobody` inside a user namespace of one user, which outside is still root.

    So the server may live below folders that only root can enter, and still is not root.
    """
    user = pwd.getpwnam("nobody")
    if _libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "no user namespaces here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user.pw_uid} 0 1")
    Path("/proc/self/gid_map").write_text(f"{user.pw_gid} 0 1")
