"""Secrets are nowhere but in their own columns, and there encrypted."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.db import connection as database
from django.forms import modelform_factory
from pytest_django import Settings

from integrations.base.secrets import Hidden, UnreadableSecret
from integrations.connections.operations import reencrypt
from integrations.models import Connection
from tests.integrations.inbox.senders import SECRET, event, send

pytestmark = pytest.mark.django_db
TOKEN = "token-of-tests"


def stored() -> str:
    """The whole row and its history as the database has them."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]') || (SELECT jsonb_agg(to_jsonb(h)) FROM "
            "integrations_historicalconnection h)"
            " FROM integrations_connection c"
        )
        return str(cursor.fetchone()[0])


def test_the_database_holds_no_secret_in_the_clear(hubspot: Connection):
    assert SECRET not in stored()
    assert TOKEN not in stored()


def test_history_has_no_column_for_secrets(hubspot: Connection):
    assert hubspot.history.count() == 1
    assert not {"token", "signing_secrets"} & {
        field.name for field in Connection.history.model._meta.get_fields()
    }


def test_they_come_back(hubspot: Connection):
    hubspot.refresh_from_db()

    assert (hubspot.signing_secrets.reveal(), hubspot.token.first()) == ((SECRET,), TOKEN)


def test_nothing_shows_them(hubspot: Connection, caplog: pytest.LogCaptureFixture):
    hubspot.refresh_from_db()
    with caplog.at_level(logging.DEBUG):
        send([event()])
        send([event()], secret="wrong")
        logging.getLogger("x").warning("%s %r", hubspot.token, vars(hubspot))
    shown = [
        repr(hubspot),
        repr(hubspot.token),
        f"{hubspot.token}",
        str(vars(hubspot)),
        caplog.text,
        serializers.serialize("json", [hubspot]),
    ]

    assert not [text for text in shown if SECRET in text or TOKEN in text]


def test_they_are_not_pickled_and_not_in_forms(hubspot: Connection):
    with pytest.raises(TypeError):
        pickle.dumps(hubspot)
    with pytest.raises(TypeError):
        json.dumps(hubspot.token)

    assert copy.deepcopy(hubspot).token.first() == TOKEN
    assert not {"token", "signing_secrets", "allowed_private"} & set(
        modelform_factory(Connection, fields="__all__")().fields
    )


def test_a_plain_string_cannot_be_stored_by_mistake(hubspot: Connection):
    hubspot.token = "in the clear"

    with pytest.raises(TypeError, match="Hidden"):
        hubspot.save()


def test_keys_rotate(hubspot: Connection, settings: Settings):
    new, old = Fernet.generate_key().decode(), settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = [new, *old]
    assert send([event()]).status_code == 200

    assert reencrypt() == 1

    settings.ENCRYPTION_KEYS = [new]
    assert send([event()]).status_code == 200


def test_a_lost_key_is_said_and_takes_nothing_else_with_it(hubspot: Connection, settings: Settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert Connection.objects.get().name == "hubspot-main"
    with pytest.raises(UnreadableSecret, match="ENCRYPTION_KEYS"):
        Connection.objects.get().token.first()
    assert send([event()]).status_code == 503


def test_equal_secrets_are_equal_and_empty_ones_false():
    assert Hidden(["a", ""]) == Hidden(["a"])
    assert not Hidden()
    assert Hidden(["a"]).with_new("b", keep=1).with_new("c", keep=1).reveal() == ("c", "b")
