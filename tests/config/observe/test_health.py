import pytest
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from kombu import Connection

from config.celery import app
from config.storage import schema


@pytest.fixture
def broker_away(monkeypatch):
    monkeypatch.setattr(
        app,
        "connection_for_write",
        lambda: Connection("redis+socket:///nonexistent/valkey?virtual_host=0"),
    )


@pytest.fixture
def database_away(monkeypatch):
    def refuse(_: BaseDatabaseWrapper) -> None:
        raise OperationalError(
            'connection to server at "db.internal" failed: password authentication failed for user '
            '"app"'
        )

    monkeypatch.setattr(schema, "migration_status", refuse)


def test_alive_needs_neither_database_nor_known_host(client):
    answer = client.get("/healthz", headers={"host": "10.0.0.7"})

    assert (answer.status_code, answer.json()) == (200, {"alive": True})


@pytest.mark.django_db
def test_ready_when_database_schema_and_broker_are(client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": {}})


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_h16_no_proxy_keeps_what_a_probe_said(client, path):
    headers = client.get(path).headers

    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


@pytest.mark.django_db
def test_not_ready_without_a_broker(client, broker_away):
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reasons": {"broker": "The broker does not answer."}}


@pytest.mark.django_db
def test_not_ready_without_a_database_and_silent_about_where_it_is(client, database_away):
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "reasons": {"database": "The database does not answer."},
    }


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
@pytest.mark.parametrize(
    ("statement", "undo", "why"),
    [
        (
            "DELETE FROM django_migrations WHERE app = 'sessions'",
            (
                "INSERT INTO django_migrations (app, name, applied) VALUES ('sessions', "
                "'0001_initial', now())"
            ),
            "Migrations are pending: sessions.0001_initial. Run `manage.py migrate`.",
        ),
        (
            (
                "INSERT INTO django_migrations (app, name, applied) VALUES ('routing', "
                "'0999_from_tomorrow', now())"
            ),
            "DELETE FROM django_migrations WHERE name = '0999_from_tomorrow'",
            (
                "The schema is newer than this code: routing.0999_from_tomorrow. Deploy the newer "
                "version."
            ),
        ),
    ],
)
def test_not_ready_on_another_schema(client, statement, undo, why):
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(statement)
        try:
            answer = client.get("/readyz")
        finally:
            cursor.execute(undo)

    assert answer.status_code == 503
    assert answer.json()["reasons"] == {"database": why}


@pytest.mark.django_db
def test_figures_are_for_this_machine_or_for_who_has_the_token(client, settings):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"}).status_code == 404

    settings.METRICS_TOKEN = "only-prometheus"
    assert client.get("/metrics").status_code == 404
    assert (
        client.get("/metrics", headers={"authorization": "Bearer only-prometheus"}).status_code
        == 200
    )
