"""
A page on its way to a content system, through a proxy, with a clock to turn.

The content system is the sandbox's or, as a drill, a real WordPress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from threading import Thread
from typing import Any

import httpx
import pytest

from delivery.deliverables.operations.versions import Draft, DraftFile
from delivery.models import Answer, Deliverable
from demo.sandbox.cms import CMS
from demo.sandbox.cms_server import serve_cms
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Connection, Discrepancy
from integrations.outbox.deliver import deliver_due
from integrations.publishing.probing import probe_due
from integrations.reconcile.details import SettleDetails
from integrations.reconcile.settle import settle
from integrations.reconcile.sweep import reconcile_due
from routing.models import Destination, ExceptionCase, File
from routing.people.actors import Actor
from routing.work.door import OperationResult
from tests.delivery.making import fresh, make_deliverables, say, with_the_client
from tests.integrations.reconcile.proxy import Proxy
from tests.journeys.turned import Time
from tests.wordpress import basic
from tests.world import NOW, World, by

BODY = "<h2>Welcome</h2><p>We open on Monday.</p>"


@dataclass(frozen=True)
class Seen:
    """A post of ours as an editor sees it there."""

    id: int
    status: str
    slug: str
    content: str
    link: str


@dataclass
class Away:
    """
    A content system, what stands before it, and the clock.

    ``call`` acts there as somebody else. ``name`` is in the titles and slugs of this test.
    """

    world: World
    call: Callable[..., Any]
    proxy: Proxy
    connection: Connection
    place: Destination
    time: Time
    name: str
    parts: Sequence[DraftFile] = ()

    # -- Here ------------------------------------------------------------------------------------

    def approved(self, **texts: str) -> Deliverable:
        """A page that is approved, and so on its way."""
        return self._approved(None, texts)

    def _approved(self, replaces: Deliverable | None, texts: Mapping[str, str]) -> Deliverable:
        planned = [
            {
                "key": "one",
                "title": "Opening day",
                "format": "page",
                "amount": "10",
                "destination": self.place.pk,
                "replaces": replaces.pk if replaces else None,
            }
        ]
        [page] = make_deliverables(self.world, planned=planned)
        return self.approve(page, **texts)

    def change_of(self, page: Deliverable) -> Deliverable:
        """A change of a live page, approved."""
        return self._approved(page, {"body_html": BODY.replace("Monday", "Tuesday")})

    def approve(self, page: Deliverable, **texts: str) -> Deliverable:
        given = {"title": f"Opening {self.name}", "slug": self.slug, "body_html": BODY} | texts
        page = with_the_client(self.world, page, Draft(given, parts=self.parts))
        assert say(page, Answer.Word.APPROVE).done
        return fresh(page)

    @property
    def slug(self) -> str:
        return f"opening-{self.name}"

    def live(self, **texts: str) -> Deliverable:
        page = self.approved(**texts)
        self.go()
        page = fresh(page)
        assert page.state == Deliverable.State.LIVE
        return page

    def copied(self) -> Deliverable:
        """A live page whose creation took effect a second time, after it was confirmed."""
        self.proxy.late = 1
        page = self.approved()
        for _ in range(3):
            self.go(seconds=40)
        assert fresh(page).state == Deliverable.State.LIVE
        self.proxy.land()
        self.go(minutes=3)
        return page

    def go(self, **duration: float) -> None:
        """Let time pass, and do what workers and beat do then."""
        self.time.pass_(**duration)
        deliver_due(clock=self.time)
        reconcile_due(clock=self.time)

    def look(self) -> None:
        """Let a day pass, until all objects are compared."""
        self.go(days=1, minutes=1)

    def probe(self) -> None:
        probe_due(clock=self.time)

    @property
    def cases(self) -> list[ExceptionCase]:
        found = ExceptionCase.objects.filter(state__in=ExceptionCase.open_states)
        return list(found.select_related("item").order_by("pk"))

    def decide(self, choice: str, who: Any = None) -> OperationResult:
        """Decide about all that is to be decided in the only exception."""
        [case] = self.cases
        ids = tuple(Discrepancy.objects.undecided().values_list("pk", flat=True))
        [result] = settle(
            [case.pk],
            by=by(who or self.world.alice),
            at=self.time(),
            reason="Looked at it.",
            details=SettleDetails(ids, choice),
        )
        return result

    # -- There -----------------------------------------------------------------------------------

    def posts(self, status: str = "any") -> list[Seen]:
        """The posts and pages of this test that are there, the oldest first."""
        wanted = {"status": status, "context": "edit", "per_page": "100", "orderby": "id"}
        found = []
        for kind in ("posts", "pages"):
            rows = self.call("GET", f"/{kind}", params={**wanted, "search": self.name})
            found += [_seen(row) for row in rows]
        return sorted(found, key=lambda each: each.id)

    @property
    def shown(self) -> list[Seen]:
        return self.posts()

    def seen(self, key: int) -> Seen:
        return _seen(self.call("GET", f"/posts/{key}", params={"context": "edit"}))

    def files(self) -> list[int]:
        """Every file that holds the bytes of our parts."""
        digests = File.objects.filter(pk__in=[part.file_id for part in self.parts])
        slugs = tuple(f"tl-{digest[:32]}" for digest in digests.values_list("sha256", flat=True))
        rows = self.call("GET", "/media", params={"per_page": "100"})
        return [row["id"] for row in rows if row["slug"].startswith(slugs)]

    def edit(self, post: Seen, **fields: Any) -> None:
        self.call("POST", f"/posts/{post.id}", json=fields)

    def trash(self, post: Seen, *, force: bool = False) -> None:
        self.call("DELETE", f"/posts/{post.id}", params={"force": "true"} if force else {})

    def add(self, kind: str = "posts", **fields: Any) -> Seen:
        return _seen(self.call("POST", f"/{kind}", json=fields, params={"context": "edit"}))


def _seen(row: dict[str, Any]) -> Seen:
    return Seen(row["id"], row["status"], row["slug"], row["content"]["raw"], row["link"])


def _as_author(url: str, method: str, path: str, **options: Any) -> Any:
    headers = {"authorization": basic("author:pass word")}
    answer = httpx.request(
        method, f"{url}/wp-json/wp/v2{path}", headers=headers, trust_env=False, **options
    )
    answer.raise_for_status()
    return answer.json()


@pytest.fixture
def sandbox_there() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Its address, a token, and somebody who works there."""
    cms = CMS("author", "pass word")
    server = serve_cms(cms, 0)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield url, "author:pass word", partial(_as_author, url)
    server.shutdown()
    server.server_close()


@pytest.fixture
def wordpress_there(
    request: pytest.FixtureRequest,
) -> tuple[str, str, Callable[..., Any]]:
    """A real one, without what other tests have left there."""
    site = request.getfixturevalue("own_wordpress")
    for kind in ("posts", "pages"):
        params = {"search": "throughline:", "status": "any,trash", "per_page": "100"}
        for row in site.call("GET", f"/{kind}", params=params):
            site.call("DELETE", f"/{kind}/{row['id']}", params={"force": "true"})
    return site.url, site.new_token("editor"), site.call


REAL = pytest.param("wordpress_there", marks=[pytest.mark.wordpress, pytest.mark.drill], id="real")


@pytest.fixture(params=[pytest.param("sandbox_there", id="sandbox"), REAL])
def away(request: pytest.FixtureRequest, world: World) -> Iterator[Away]:
    url, token, call = request.getfixturevalue(request.param)
    proxy = Proxy(url)
    wanted = ConnectionSettings(
        kind="wordpress",
        slug="cms",
        base_url=proxy.url,
        token=token,
        # The site calls its pages by its own address, not by that of the proxy.
        private=(proxy.url, proxy.target),
    )
    connection, _new = connect(wanted, by=Actor.system(), at=NOW)
    place = Destination.objects.create(client=world.acme, name="Blog", kind="wordpress")
    yield Away(world, call, proxy, connection, place, Time(), token_hex(4))
    proxy.stop()
