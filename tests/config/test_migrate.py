import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django_celery_beat.models import PeriodicTask

from config import checks
from config.celery import BEAT
from config.queueing.beats import PREFIX

both_roles = pytest.mark.django_db(databases=["default", "owner"], transaction=True)


@pytest.fixture
def newer_schema():
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('delivery', "
            "'0999_from_tomorrow', now())"
        )
        yield
        cursor.execute("DELETE FROM django_migrations WHERE name = '0999_from_tomorrow'")


@both_roles
def test_older_code_refuses_a_newer_schema_and_says_what_to_do(newer_schema):
    with pytest.raises(CommandError) as refusal:
        call_command("migrate", verbosity=0)

    assert "delivery.0999_from_tomorrow" in str(refusal.value)
    assert "Check out the newer version again, or restore the dump" in str(refusal.value)


@both_roles
def test_migrations_of_other_peoples_apps_are_no_reason_to_refuse():
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('removed_app', "
            "'0001_initial', now())"
        )

        call_command("migrate", verbosity=0)

        cursor.execute("DELETE FROM django_migrations WHERE app = 'removed_app'")


@both_roles
def test_beat_has_our_schedules_and_a_person_may_switch_one_off():
    call_command("migrate", verbosity=0)
    ours = PeriodicTask.objects.filter(name__startswith=PREFIX)
    assert {task.task: task.interval.every for task in ours} == {
        beat.task: beat.every_s for beat in BEAT
    }

    ours.update(enabled=False)
    PeriodicTask.objects.create(
        name=PREFIX + "gone", task="routing.tasks.gone", interval=ours[0].interval
    )
    PeriodicTask.objects.create(
        name="of a colleague", task="routing.tasks.seal", interval=ours[0].interval
    )
    call_command("migrate", verbosity=0)

    assert not ours.filter(enabled=True).exists()
    assert not ours.filter(task="routing.tasks.gone").exists()
    assert PeriodicTask.objects.filter(name="of a colleague").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"USER": "throughline_app"}, ["throughline.E002"]),
        ({"NAME": "elsewhere"}, ["throughline.E003"]),
        (None, ["throughline.E001"]),
    ],
)
def test_two_roles_are_needed_to_migrate(change, expected):
    app = {"USER": "throughline_app", "NAME": "throughline", "HOST": "db", "PORT": ""}
    owner = app | {"USER": "throughline_owner"} | (change or {})

    found = checks.judge_roles({"default": app} | ({} if change is None else {"owner": owner}))

    assert [issue.id for issue in found] == expected


@both_roles
def test_the_app_role_may_neither_migrate_nor_become_the_owner():
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname "
            "= current_user"
        )
        assert not any(cursor.fetchone())
        cursor.execute(
            "SELECT has_schema_privilege('public', 'CREATE'), pg_has_role(%s, 'MEMBER')",
            [connections["owner"].settings_dict["USER"]],
        )
        assert not any(cursor.fetchone())
