"""The user that an embedded server runs as. PostgreSQL refuses to run as root."""

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
    uid: int  # the owner of the server's files, as seen from outside a user namespace
    gid: int
    before: Callable[[], None] | None = None  # runs in the child before the program
    drop: bool = False  # the child switches from root to ``uid``

    def popen(self) -> dict[str, Any]:
        """Return arguments for subprocess. The caller passes ``before`` itself."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drop else {}

    def own(self, path: Path) -> None:
        """
        Give ``path`` and its content to this identity.

        An earlier start, as another user, may have left files of another owner.
        """
        if os.geteuid() or path.lstat().st_uid == self.uid:
            return
        for found in [path, *path.rglob("*")]:
            os.chown(found, self.uid, self.gid, follow_symlinks=False)

    def can_reach(self, path: Path) -> bool:
        """
        Return whether the user can enter ``path``.

        A child process tries, because a parent folder may be closed to that user.
        """
        test = ["/bin/sh", "-c", 'test -x "$1" && test -r "$1"', "sh", str(path)]
        done = subprocess.run(test, check=False, cwd="/", preexec_fn=self.before, **self.popen())
        return done.returncode == 0


def choose() -> Identity:
    """
    Choose the identity of a server.

    Without root, it is the current user. As root, the server runs as nobody inside a user
    namespace if possible, because it can then use folders that only root can enter.
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
    except subprocess.SubprocessError:  # containers often forbid user namespaces
        return False
    return done.returncode == 0 and done.stdout.strip() not in {b"", b"0"}


def _enter_namespace() -> None:
    """
    Become `nobody` inside a user namespace, while outside the process is still root.

    So the server can use folders that only root can enter, and still does not see itself as root.
    """
    user = pwd.getpwnam("nobody")
    if _libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "no user namespaces here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user.pw_uid} 0 1")
    Path("/proc/self/gid_map").write_text(f"{user.pw_gid} 0 1")
