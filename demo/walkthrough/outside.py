"""The external systems of a walkthrough: simulated by this process, or named connections."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import ThreadingHTTPServer
from secrets import SystemRandom, token_urlsafe
from threading import Thread

from django.conf import settings

from demo.sandbox.cms import CMS
from demo.sandbox.cms_server import CmsFaults, serve_cms
from demo.sandbox.crm import CRM, Change
from demo.sandbox.server import serve
from demo.walkthrough.crm import CrmDeals
from demo.walkthrough.flow import PORTAL
from demo.walkthrough.people import Cast, by
from demo.walkthrough.site import Site
from demo.walkthrough.transcript import StepFailed
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Connection

APP = 990_001
MOST = 4  # walkthroughs at once on one machine; each has connections of its own, which are kept
WHY = "manage.py walkthrough"
CONSISTENCY_DELAY_S = 1.0  # the simulated site shows a change at once


@contextmanager
def place() -> Iterator[str]:
    """
    Reserve a suffix for the names of this walkthrough's connections.

    A file lock holds it, which the kernel releases however the walkthrough ends.

    :raises StepFailed: if all suffixes are taken
    """
    for number in range(1, MOST + 1):
        held = os.open(
            settings.VAR_DIR / f"walkthrough-{number}.lock",
            os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
            0o600,
        )
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            continue
        try:
            yield "" if number == 1 else f"-{number}"
        finally:
            os.close(held)
        return
    raise StepFailed(f"{MOST} walkthroughs are running. Wait for one to end.")


def others_running() -> bool:
    """Return whether another walkthrough is running on this machine."""
    running = 0
    for number in range(1, MOST + 1):
        try:
            asked = os.open(settings.VAR_DIR / f"walkthrough-{number}.lock", os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(asked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running += 1
        finally:
            os.close(asked)
    return running > 1


@contextmanager
def own_crm(ending: str, cast: Cast, at: datetime, portal: int = PORTAL) -> Iterator[CrmDeals]:
    """Start a simulated CRM on a free port, and update its connection."""
    events: list[Change] = []
    token, secret = token_urlsafe(24), token_urlsafe(24)
    crm = CRM(portal, APP, events.append)
    with _serving(serve(crm, token, 0)) as address:
        wanted = ConnectionSettings(
            kind="hubspot",
            slug=f"walk-crm{ending}",
            name=f"Walkthrough CRM{ending}",
            base_url=address,
            public_url=settings.SITE_URL,
            secret=secret,
            token=token,
            private=(address,),
            settings={"portal_ids": [portal], "app_id": APP, "only_by_name": True},
            team=cast.team,
            owner=cast.account,
            backup=cast.second,
            drop_old_secrets=True,
        )
        yield CrmDeals(_connected(wanted, cast, at), events, crm)


@contextmanager
def own_site(ending: str, cast: Cast, at: datetime) -> Iterator[Site]:
    """Start a simulated WordPress on a free port, and update its connection."""
    password = token_urlsafe(24)
    # A random range of ids: one that an earlier walkthrough linked to other work would be refused.
    first = SystemRandom().randrange(10**6, 10**9)
    faults = CmsFaults()
    with _serving(serve_cms(CMS("walkthrough", password, first=first), 0, faults)) as address:
        wanted = ConnectionSettings(
            kind="wordpress",
            slug=f"walk-site{ending}",
            name=f"Walkthrough site{ending}",
            base_url=address,
            token=f"walkthrough:{password}",
            private=(address,),
            settings={"only_by_name": True, "settle_s": CONSISTENCY_DELAY_S},
        )
        yield Site(_connected(wanted, cast, at), faults)


def named(slug: str, kind: str) -> Connection:
    """
    Return the active connection with this slug.

    :raises StepFailed: if there is none of this kind
    """
    found = Connection.objects.active().filter(slug=slug).first()
    if found is None:
        raise StepFailed(
            f"There is no active connection “{slug}”. Create it: manage.py connect {kind} --slug "
            f"{slug} …"
        )
    if found.kind != kind:
        raise StepFailed(f"“{slug}” is of kind {found.kind}. A {kind} connection is needed here.")
    return found


def _connected(wanted: ConnectionSettings, cast: Cast, at: datetime) -> Connection:
    connection, _new = connect(wanted, by=by(cast.keeper), at=at, reason=WHY)
    return connection


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[str]:
    server.daemon_threads = True
    Thread(
        target=server.serve_forever, args=(0.1,), daemon=True, name="walkthrough outside"
    ).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
