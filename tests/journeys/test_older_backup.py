"""
A backup of an hour ago is put back while the content system went on: what is published again finds
its own post, and nobody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Thread

import psycopg
import pytest
from django.db import connection
from psycopg import sql
from time_machine import TimeMachineFixture

from delivery.deliverables.operations.versions import Draft
from delivery.models import Answer, Deliverable
from demo.sandbox.cms import CMS
from demo.sandbox.cms_server import serve_cms
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Outbound
from integrations.outbox.deliver import deliver_due
from integrations.publishing.publish import object_of
from routing.models import Destination
from routing.people.actors import Actor
from tests.delivery.making import fresh, make_deliverables, say, with_the_client
from tests.plugin import APP
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)
State = Deliverable.State
LATER = NOW + timedelta(hours=1)
# What threads left open; nobody may be there.
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


@pytest.fixture
def cms(committed_world: World) -> Iterator[CMS]:
    made = CMS("author", "pass word")
    server = serve_cms(made, 0)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    connect(
        ConnectionSettings(
            kind="wordpress", slug="cms", base_url=url, token="author:pass word", private=(url,)
        ),
        by=Actor.system(),
        at=NOW,
    )
    Destination.objects.create(client=committed_world.acme, name="Blog", kind="wordpress")
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def backup(superuser_dsn: str, committed_world: World) -> Iterator[Callable[[], str]]:
    """
    Takes a copy of this test's database as it is, and names it.

    That a dump comes back whole is tested apart.
    """
    made: list[str] = []
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:

        def take() -> str:
            name = str(connection.settings_dict["NAME"])
            older = f"{name}_older"
            connection.close()
            superuser.execute(END, [name])
            parts = {
                "new": sql.Identifier(older),
                "old": sql.Identifier(name),
                "app": sql.Identifier(APP),
            }
            superuser.execute(sql.SQL("CREATE DATABASE {new} TEMPLATE {old}").format(**parts))
            made.append(older)
            superuser.execute(sql.SQL("GRANT CONNECT ON DATABASE {new} TO {app}").format(**parts))
            return older

        yield take
        for name in made:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def put_back(name: str) -> Iterator[None]:
    """Restore an older state here, while the external system keeps the newer one."""
    now = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = now


def approved(world: World, slug: str) -> Deliverable:
    """And so on its way to the content system."""
    planned = [
        {
            "key": "one",
            "title": slug,
            "format": "page",
            "amount": "10",
            "destination": Destination.objects.get().pk,
        }
    ]
    [page] = make_deliverables(world, planned=planned)
    page = with_the_client(
        world,
        page,
        Draft({"title": slug, "slug": slug, "body_html": "<h2>Welcome</h2><p>To us.</p>"}),
    )
    assert say(page, Answer.Word.APPROVE).done
    return fresh(page)


def publish(at: datetime = NOW) -> None:
    deliver_due(clock=lambda: at)
    assert set(Outbound.objects.filter(verb="publish").values_list("state", flat=True)) == {
        Outbound.State.DELIVERED
    }


def test_published_again_from_an_older_backup_it_is_the_same_post(
    committed_world: World, cms: CMS, backup: Callable[[], str], time_machine: TimeMachineFixture
) -> None:
    world, first = committed_world, approved(committed_world, "opening")
    older = backup()
    publish()
    forgotten = approved(world, "forgotten")
    publish()
    before = {post.id: (post.slug, post.content) for post in cms.posts.values()}

    with put_back(older):
        publish()
        again = fresh(first)
        time_machine.move_to(LATER, tick=False)
        another = approved(world, "another")
        publish(LATER)
        named = {object_of(again), object_of(another)}
        states = {fresh(page).state for page in (again, another)}
        sent = Outbound.objects.get(item=first.item_id, verb="publish")

    assert (
        another.pk == forgotten.pk
    )  # numbers begin again where the backup ended; what is outside must not be mistaken for it
    assert states == {State.LIVE}
    assert len(named) == 2
    assert {
        key: (post.slug, post.content) for key, post in cms.posts.items() if key in before
    } == before
    assert sent.remote_id in {
        str(key) for key, (slug, _content) in before.items() if slug == "opening"
    }
    assert sorted(post.slug for post in cms.posts.values()) == ["another", "forgotten", "opening"]
