"""Forms of a request: to record one by hand, and for its steps."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from delivery.engagements.limits import MOST_AMOUNT, MOST_HOURS
from delivery.progress.operations import impacts
from delivery.progress.operations.recording import BY_HAND, HandMade, NewRequest, possible_owners
from delivery.requests.change_gates import MOST_NOTE
from delivery.requests.details import AskDetails
from delivery.requests.evidence_form import EvidenceForm
from delivery.requests.models import Request
from delivery.requests.naming import PARTS
from delivery.requests.operations import requests
from delivery.requests.reach import Reach, reach_of
from delivery.requests.rules import rules_of
from routing.desk.forms import StepForm, choice, date, line, long_text, number, picked, step_form
from routing.desk.lists import LineList
from routing.desk.notes import FilesField
from routing.desk.saved import SavedForm
from routing.kernel.past_dates import AsksAboutPast
from routing.people.actors import Actor
from routing.people.clients import Client, Contact
from routing.people.staff import User
from routing.work.items import WorkItem
from routing.work.visibility import (
    clients_for_new_work,
    clients_seen_by,
    contacts_seen_by,
    work_seen_by,
)

MAX_DETAILS = 10_000
CHANNELS = [(channel.value, channel.label) for channel in BY_HAND]


@step_form(requests.ask)
class AskForm(EvidenceForm):
    """Form that says who will be asked, and takes a call if nobody can be."""

    question = long_text(
        gettext_lazy("Question to the client"),
        error=gettext_lazy("Enter a question for the client."),
        rows=4,
        max_length=2_000,
    )
    contact = picked(
        gettext_lazy("Asked in a call with"),
        Contact.objects.none(),
        required=False,
        empty=gettext_lazy("No call"),
        help_text=gettext_lazy("Only if you asked by phone. The call needs evidence."),
    )
    field_order = ("question", "contact", "evidence")

    def prepare(self) -> None:
        row = self.rows[0]
        known = contacts_seen_by(self.actor).filter(erased_at=None, clients=row.item.client_id)
        self.fields["contact"].queryset = known  # type: ignore[attr-defined]
        self.fields["evidence"].required = False
        self.fields["question"].help_text = who_will_be_asked(reach_of([row])[row.pk])

    def clean(self) -> None:
        super().clean()
        self.keep_evidence()
        contact = self.cleaned_data.get("contact")
        if contact and self.kept is None and "evidence" not in self.errors:
            self.add_error("evidence", _("Add evidence of the call, such as your notes."))
        if self.kept and not contact and "contact" not in self.errors:
            self.add_error("contact", _("Choose whom you called."))

    def as_details(self) -> AskDetails:
        contact = self.cleaned_data["contact"]
        return AskDetails(
            question=self.cleaned_data["question"],
            contact=contact.pk if contact else None,
            evidence=self.kept.pk if self.kept else None,
        )

    def done_message(self, row: Request) -> str:
        return who_will_be_asked(reach_of([row])[row.pk])


def who_will_be_asked(reach: Reach) -> str:
    """Return who gets a question, and by which way."""
    if not reach.answering:
        return _(
            "Nobody at the client has access to the portal, so this question would reach nobody. "
            "Invite a contact, or call the client and record the call here."
        )
    ways = []
    for each in reach.asked:
        way = _("%(who)s (portal)") if each.may_answer else _("%(who)s (e-mail only)")
        if each.may_answer and each.email:
            way = _("%(who)s (portal and e-mail)")
        ways.append(way % {"who": each.full_name})
    return _("Goes to: %(people)s") % {"people": ", ".join(ways)}


@step_form(requests.answer)
class RequestAnswerForm(StepForm):
    details = long_text(
        gettext_lazy("Answer"),
        error=gettext_lazy("Enter the answer."),
        max_length=5_000,
        help_text=gettext_lazy("This is added to the description and closes the open question."),
    )


class DatedStepForm(AsksAboutPast, StepForm):
    """A step that takes a date in the client's time zone."""

    def zone_of_dates(self) -> ZoneInfo | None:
        client = self.rows[0].item.client if self.rows else None
        return ZoneInfo(client.timezone) if client else None


@step_form(impacts.state_impact)
class ImpactForm(DatedStepForm):
    """
    Form for the impact that the client accepts before work starts, so all fields are required.
    """

    coming = ("date",)

    hours = number(
        gettext_lazy("Extra hours"),
        most=MOST_HOURS,
        help_text=gettext_lazy("Enter 0 if there are none."),
    )
    amount = number(
        gettext_lazy("Extra cost"),
        most=MOST_AMOUNT,
        help_text=gettext_lazy("In the currency of the engagement. Enter 0 if it is included."),
    )
    date = date(
        gettext_lazy("Ready on"),
        required=True,
        help_text=gettext_lazy("In the client's time zone."),
    )
    note = long_text(
        gettext_lazy("Explanation"),
        error="",
        required=False,
        rows=4,
        max_length=MOST_NOTE,
        help_text=gettext_lazy("The client reads this before accepting."),
    )

    def known(self, row: Request) -> dict[str, Any]:
        return {
            "hours": row.impact_hours,
            "amount": row.impact_amount,
            "date": row.impact_date,
            "note": row.impact_note,
        }


@step_form(requests.edit)
class EditForm(DatedStepForm):
    """Pass on changed fields only, so that two people can edit different fields at once."""

    coming = ("wanted_date",)
    submit = gettext_lazy("Save changes")

    title = line(gettext_lazy("Title"), max_length=200)
    details = long_text(
        gettext_lazy("Description"),
        error="",
        required=False,
        max_length=MAX_DETAILS,
        help_text=gettext_lazy("Include everything needed to start."),
    )
    wanted_date = date(
        gettext_lazy("Needed by"), help_text=gettext_lazy("In the client's time zone.")
    )
    priority = choice(gettext_lazy("Priority"), WorkItem.Priority.choices)
    kind = choice(gettext_lazy("Kind"), Request.Kind.choices)
    channel = choice(gettext_lazy("Channel"), Request.Channel.choices)
    contact_id = picked(
        gettext_lazy("Requested by"),
        Contact.objects.none(),
        required=False,
        empty=gettext_lazy("Unknown"),
    )
    tags = forms.MultipleChoiceField(
        label=gettext_lazy("Tags"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    def known(self, row: Request) -> dict[str, Any]:
        own = {
            name: getattr(row, name)
            for name in ("details", "wanted_date", "kind", "channel", "contact_id", "tags")
        }
        return own | {"title": row.item.title, "priority": row.item.priority}

    def prepare(self) -> None:
        known = contacts_seen_by(self.actor).filter(
            erased_at=None, clients=self.rows[0].item.client_id
        )
        self.fields["contact_id"].queryset = known  # type: ignore[attr-defined]
        self._ask_by_rule(self.rows[0])
        # Compare with the values that this person saw. Compared with the row, a field that somebody
        # else saved meanwhile would count as changed and be set back.
        for field in self.fields.values():
            field.show_hidden_initial = True

    def _ask_by_rule(self, row: Request) -> None:
        """Say how titles are named, and offer the tags of the client and those that it has."""
        rule = rules_of([row.item.client_id])[row.item.client_id]
        tags = list(dict.fromkeys([*rule.tags, *row.tags]))
        if tags:
            self.fields["tags"].choices = [(tag, tag) for tag in tags]  # type: ignore[attr-defined]
        else:
            del self.fields["tags"]
        if rule.pattern:
            words = _("Named %(rule)s, such as “%(example)s”.")
            self.fields["title"].help_text = words % {
                "rule": rule.pattern.text,
                "example": rule.pattern.example(rule.code),
            }

    def clean_tags(self) -> tuple[str, ...]:
        return tuple(self.cleaned_data["tags"])

    def clean_priority(self) -> int:
        return int(self.cleaned_data["priority"])

    def clean(self) -> None:
        super().clean()
        if not self.errors and not self.has_changed():
            raise ValidationError(_("You have not changed anything. Edit a field or go back."))

    def values(self) -> dict[str, Any]:
        contact = self.cleaned_data["contact_id"]
        values = super().values() | {"contact_id": contact.pk if contact else None}
        return {name: value for name, value in values.items() if name in self.changed_data}


@step_form(requests.mark_duplicate)
class DuplicateForm(StepForm):
    duplicate_of = line(
        gettext_lazy("Original request"),
        max_length=24,
        help_text=gettext_lazy(
            "The reference, such as ACM-142. It must be another request from the same client."
        ),
        list="originals",
        autocomplete="off",
        autocapitalize="characters",
    )

    def prepare(self) -> None:
        row = self.rows[0]
        seen = (
            work_seen_by(self.actor)
            .filter(client=row.item.client_id, kind=row.item.kind)
            .exclude(pk=row.item_id)
        )
        self.suggestions = list(seen.order_by("-id").values_list("ref", "title")[:200])

    def clean_duplicate_of(self) -> int:
        ref = self.cleaned_data["duplicate_of"].strip().upper()
        # A hidden request and a missing one get the same answer, so references cannot be probed.
        seen = work_seen_by(self.actor).filter(ref=ref)
        found = Request.objects.filter(item__in=seen).values_list("pk", flat=True).first()
        if found is None:
            raise ValidationError(
                _("Request %(ref)s does not exist, or you cannot see it.") % {"ref": ref}
            )
        return found


class RecordRequestForm(AsksAboutPast):
    """
    Client, subject, channel and person come first. The flow decides what is left empty.
    """

    coming = ("wanted_date",)

    client = picked(gettext_lazy("Client"), Client.objects.none())
    title = line(
        gettext_lazy("What is it about?"),
        max_length=200,
        help_text=gettext_lazy("A short summary."),
    )
    channel = choice(gettext_lazy("Channel"), CHANNELS, initial=Request.Channel.PHONE)
    contact = picked(
        gettext_lazy("Requested by"),
        Contact.objects.none(),
        required=False,
        empty=gettext_lazy("Unknown"),
        help_text=gettext_lazy("A contact of this client."),
    )
    said = long_text(
        gettext_lazy("What was said or written"),
        error="",
        required=False,
        rows=4,
        max_length=MAX_DETAILS,
        help_text=gettext_lazy(
            "Notes of the call, or the text of the e-mail. Visible to the agency only."
        ),
    )
    evidence = FilesField(
        label=gettext_lazy("Evidence"),
        required=False,
        help_text=gettext_lazy(
            "The e-mail, minutes or call note with the request. Visible to the agency only."
        ),
    )
    details = long_text(
        gettext_lazy("Description"),
        error="",
        required=False,
        rows=4,
        max_length=MAX_DETAILS,
        help_text=gettext_lazy(
            "Required for triage. If you do not know yet, create the request now and ask the "
            "client."
        ),
    )
    wanted_date = date(
        gettext_lazy("Needed by"), help_text=gettext_lazy("In the client's time zone.")
    )
    kind = choice(gettext_lazy("Kind"), Request.Kind.choices, required=False)
    priority = choice(
        gettext_lazy("Priority"),
        [("", gettext_lazy("As the flow decides")), *WorkItem.Priority.choices],
        required=False,
    )
    owner = picked(
        gettext_lazy("Owner"),
        User.objects.none(),
        required=False,
        empty=gettext_lazy("As the flow decides"),
        help_text=gettext_lazy(
            "If you choose the owner, choose the backup too, and enter a reason."
        ),
    )
    backup = picked(
        gettext_lazy("Backup"),
        User.objects.none(),
        required=False,
        empty=gettext_lazy("As the flow decides"),
    )
    because = long_text(
        gettext_lazy("Reason for the choice"), error="", required=False, rows=2, max_length=500
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clients = clients_for_new_work(actor)
        self.fields["client"].queryset = clients  # type: ignore[attr-defined]
        known = contacts_seen_by(actor).filter(erased_at=None, clients__in=clients).distinct()
        known = known.prefetch_related(Prefetch("clients", clients_seen_by(actor)))
        self.fields["contact"].queryset = known  # type: ignore[attr-defined]
        self.fields["contact"].label_from_instance = _with_clients  # type: ignore[attr-defined]
        for place in ("owner", "backup"):
            self.fields[place].queryset = possible_owners()  # type: ignore[attr-defined]

    def zone_of_dates(self) -> ZoneInfo | None:
        client: Client | None = self.cleaned_data.get("client")
        return ZoneInfo(client.timezone) if client else None

    def clean(self) -> None:
        super().clean()
        client, contact = self.cleaned_data.get("client"), self.cleaned_data.get("contact")
        if client and contact and not contact.memberships.filter(client=client).exists():
            self.add_error(
                "contact",
                _("%(contact)s is not a contact of %(client)s.")
                % {"contact": contact, "client": client},
            )
        chosen = [place for place in ("owner", "backup") if self.cleaned_data.get(place)]
        if len(chosen) == 1:
            other = "backup" if chosen == ["owner"] else "owner"
            self.add_error(other, _("Choose an owner and a different backup."))

    def call(self) -> NewRequest:
        """Return what was entered, once the form is valid."""
        given = self.cleaned_data
        chosen = None
        if given["owner"] and given["backup"]:
            chosen = HandMade(given["owner"], given["backup"], given["because"])
        return NewRequest(
            client=given["client"],
            title=given["title"],
            channel=given["channel"],
            contact=given["contact"],
            details=given["details"],
            wanted_date=given["wanted_date"],
            kind=given["kind"] or Request.Kind.NEW,
            priority=int(given["priority"]) if given["priority"] else None,
            evidence=given["said"],
            uploads=given["evidence"],
            chosen=chosen,
        )


def _with_clients(contact: Contact) -> str:
    return f"{contact.full_name} ({', '.join(client.name for client in contact.clients.all())})"


class RequestRuleForm(SavedForm):
    """How the requests of a client are named, and the tags to choose from."""

    tags = LineList(
        label=gettext_lazy("Tags"),
        help_text=gettext_lazy("One a line. They are offered when a request is edited."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "pattern" in self.fields:  # not on a page that only shows the rule
            parts = "; ".join(f"{{{name}}}: {words}" for name, words in PARTS.items())
            self.fields["pattern"].help_text = _(
                "Such as {client}-{year} {text}. Leave empty for titles of any form. "
                "In braces: %(parts)s."
            ) % {"parts": parts}
