"""
The line of the checklist of flows about the properties in the CRM that their actions write.

Which properties an account has is read before the checklist is shown or demanded, and kept for a
day. If nobody could read it, the line says that it only supposes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import CallFailed
from integrations.base.connections import Connection
from integrations.http.network import within
from integrations.outbox.crm_action import FIELD, UPDATE_DEAL
from routing.flows.actions import actions_of
from routing.flows.checklist import LineLook, before_checklist, checklist_line
from routing.flows.models import FlowVersion
from routing.kernel.canonical import json_digest

LONGEST_S = 3.0  # a person waits for the page
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LackingFields:
    """
    What a CRM lacks of the properties that a draft writes. ``missing`` is None if it could not be
    read, and ``error`` says why.
    """

    missing: tuple[str, ...] | None
    error: str = ""


def written_fields(version: FlowVersion) -> frozenset[str]:
    """Return the values that actions of a version write into deals."""
    mine = [each for each in actions_of(version) if each.kind == UPDATE_DEAL.name]
    return frozenset(filter(None, (each.inputs.get(FIELD) for each in mine)))


def _crms(version: FlowVersion) -> Sequence[Connection]:
    """Return the connections whose deals start a version."""
    kinds = {row.kind.partition(".")[0] for row in version.triggers.all()}
    return list(Connection.objects.active().unnamed().filter(kind__in=kinds).order_by("name"))


@before_checklist
def read_fields(version: FlowVersion) -> None:
    """Read which properties the CRMs of a draft lack, and keep the answers."""
    fields = written_fields(version)
    for connection in _crms(version) if fields else ():
        cache.set(_key(connection, fields), _read(connection, fields), KEPT.total_seconds())


def _read(connection: Connection, fields: Collection[str]) -> LackingFields:
    adapter = adapter_of(connection.kind)
    if adapter is None:
        return LackingFields(None, _("This kind of system is no longer known."))
    try:
        with within(LONGEST_S):
            found = adapter.lacking(fields, connection)
    except CallFailed as error:
        return LackingFields(None, str(error))
    if found is None:
        return LackingFields(None, _("It does not list its properties."))
    return LackingFields(tuple(found))


def _key(connection: Connection, fields: Collection[str]) -> str:
    # With other settings, other properties are meant.
    return f"crm-fields:{json_digest([connection.pk, connection.settings, sorted(fields)])}"


@checklist_line("crm_fields", gettext_lazy("Properties in the CRM"), place=55)
def crm_fields(version: FlowVersion) -> LineLook:
    fields = written_fields(version)
    where = reverse("admin:integrations_connection_changelist")
    if not fields:
        return LineLook(True, _("No action of this version writes into a CRM."), where)
    crms = _crms(version)
    unread = []
    for connection in crms:
        page = reverse("admin:integrations_connection_change", args=[connection.pk])
        if wrong := _unwritten(connection, fields):
            return LineLook(False, wrong, page)
        found: LackingFields | None = cache.get(_key(connection, fields))
        if found is not None and found.missing:
            words = _(
                "%(name)s: deals have no property %(missing)s. Create it there, or name another "
                "one in the setting “writes” of the connection."
            )
            values = {"name": connection.name, "missing": ", ".join(found.missing)}
            return LineLook(False, words % values, page)
        if found is None or found.missing is None:
            unread.append(f"{connection.name}: {found.error}" if found else connection.name)
    if unread or not crms:
        words = _("The properties could not be read. %(why)s")
        return LineLook(True, words % {"why": " ".join(unread)}, where, guess=True)
    names = ", ".join(connection.name for connection in crms)
    return LineLook(True, _("The properties exist in %(names)s.") % {"names": names}, where)


def _unwritten(connection: Connection, fields: Collection[str]) -> str:
    """Return that a connection does not write one of these values at all, if so."""
    adapter, settings = adapter_of(connection.kind), connection.valid_settings
    for field in sorted(fields):
        if adapter is None or adapter.outcome_content({field: "x"}, settings) is None:
            words = _("%(name)s does not write “%(field)s”. Check its setting “writes”.")
            return words % {"name": connection.name, "field": field}
    return ""
