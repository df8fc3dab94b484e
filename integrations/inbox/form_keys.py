"""
Fields that a form used to send and sends no longer.

Somebody renamed or removed them on the website, and whatever was read from them is missing from
now on. The health owner of the connection is told, once for each change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Length
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.adapters.form.adapter import FormAdapter
from integrations.adapters.form.answers import keys_in
from integrations.base.connections import Connection
from integrations.base.strict import NotJSON, flaw, read
from integrations.inbox.models import Inbound
from integrations.outbox.cases import health_places
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from routing.runs.evidence_words import evidence_word
from routing.runs.failures import Failure, failures
from routing.runs.operations.raising import ExceptionFinding

COMPARED = 20  # the newest submissions of a connection
LONGEST = 100_000  # bytes of a submission that is compared
SURE = 3  # submissions of one form, before an entirely different one counts as its change
SHOWN = 20  # fields
# Names under which form builders say which form it is.
FORM_IDS = ("form", "form_id", "formId", "formID", "form_name", "formName")
# Browsers do not send boxes that are not ticked, so these fields come and go.
TICKS = frozenset({"on", "off", "true", "false", "yes", "no", "1", "0"})

evidence_word("gone", gettext_lazy("No longer sent"))
evidence_word("new", gettext_lazy("New"))


@dataclass(frozen=True, slots=True)
class _Submission:
    webhook: int
    form: str
    keys: frozenset[str]
    steady: frozenset[str]  # those that a browser sends with and without an answer

    @classmethod
    def of(cls, webhook: int, body: Mapping[str, Any]) -> _Submission:
        given = keys_in(body)
        form = next(
            (str(body[name]) for name in FORM_IDS if isinstance(body.get(name), str | int)), ""
        )
        steady = {name for name, value in given.items() if not _may_be_a_tick(value)}
        return cls(webhook, form, frozenset(given), frozenset(steady))


@dataclass(frozen=True, slots=True)
class FormChange:
    """The fields that are gone and those that are new since a submission."""

    webhook: int
    gone: tuple[str, ...]
    new: tuple[str, ...]


def _may_be_a_tick(value: Any) -> bool:
    return isinstance(value, bool | list) or str(value).casefold() in TICKS


def field_change(submissions: Sequence[_Submission]) -> FormChange | None:
    """
    Return the newest change of the fields, or None.

    :param submissions: in the order in which they came
    """
    for place in range(len(submissions) - 1, 0, -1):
        each = submissions[place]
        before = [other for other in submissions[:place] if other.form == each.form]
        found = _compare(each, before)
        if found is not None:
            return found
    return None


def _compare(each: _Submission, before: Sequence[_Submission]) -> FormChange | None:
    if not before or any(other.steady <= each.keys for other in before):
        return None
    # Several forms may share a connection. The one with the most fields in common is meant.
    like = max(reversed(before), key=lambda other: len(other.steady & each.keys))
    if not like.steady & each.keys and not _is_one_form(before):
        return None
    gone = tuple(sorted(like.steady - each.keys))
    return FormChange(each.webhook, gone, tuple(sorted(each.keys - like.keys)))


def _is_one_form(before: Sequence[_Submission]) -> bool:
    """Return whether only one form has used this connection, so that all its fields changed."""
    return len(before) >= SURE and len({other.keys for other in before}) == 1


def _submissions(connection: Connection, since: int) -> list[_Submission]:
    newest = (
        Inbound.objects.filter(connection=connection, pk__gte=since, state=Inbound.State.PROCESSED)
        .annotate(bytes=Length("raw"))
        .filter(bytes__gt=0, bytes__lte=LONGEST)
        .order_by("-received_at", "-pk")
    )
    found = []
    for pk, raw in newest.values_list("pk", "raw")[:COMPARED]:
        try:
            body = read(bytes(raw))
        except NotJSON:
            continue
        if isinstance(body, dict) and not flaw(body):
            found.append(_Submission.of(pk, body))
    return found[::-1]


def _all_changed(at: datetime) -> Sequence[ExceptionFinding]:
    findings = []
    for connection in Connection.objects.active().filter(kind=FormAdapter.kind):
        # What somebody was told of already is what later submissions are compared with.
        cases = ExceptionCase.objects.filter(
            reason=Reason.FORM_CHANGED, evidence__connection=connection.slug
        ).order_by("-pk")
        told = cases.values_list("evidence__inbound", flat=True).first()
        change = field_change(_submissions(connection, told or 0))
        if change is not None:
            findings.append(_finding(connection, change))
    return findings


def _finding(connection: Connection, change: FormChange) -> ExceptionFinding:
    message = _(
        "The form no longer sends %(gone)s. If fields were renamed, name their new labels with "
        "manage.py connect --property. If they were removed on purpose, dismiss this."
    )
    evidence = {
        "connection": connection.slug,
        "message": message % {"gone": ", ".join(change.gone[:SHOWN])},
        "gone": list(change.gone[:SHOWN]),
        "new": list(change.new[:SHOWN]),
        "inbound": change.webhook,
    }
    places = health_places(connection)
    return ExceptionFinding(Reason.FORM_CHANGED, evidence, about=connection.name, first=places)


def _none_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    """Return nothing: a change stands once somebody knows of it."""
    return {}


failures(behind=_none_behind, everywhere=_all_changed)
