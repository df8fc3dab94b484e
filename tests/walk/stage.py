"""
Everybody and everything that the walk meets: each role inside and outside the team of a restricted
client, a contact of each client and one of both, and a row of every kind for both clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.utils import timezone

from delivery.campaigns.operations.making import make_campaign
from delivery.deliverables.operations import versions
from delivery.models import (
    Campaign,
    Check,
    Deliverable,
    PlanTemplate,
    Request,
    RequestRule,
    Version,
)
from delivery.reports.models import ReportSchedule
from delivery.reports.months import ClientMonth
from delivery.reports.operations.making import make_report, save_schedule
from integrations.models import Outbound
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, AUDITOR, CREATIVE, INTEGRATIONS, OPS, QA, Role
from routing.models import (
    Client,
    Clock,
    Event,
    File,
    Membership,
    Note,
    Outcome,
    Team,
    TeamMembership,
    User,
    WorkItem,
)
from routing.people.actors import Actor
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.work.operations import notes
from tests.delivery.making import (
    make_deliverables,
    make_destination,
    make_engagement,
    question,
    record_request,
    with_the_client,
)
from tests.files import make_file, pdf
from tests.world import NOW, World, by, make_client, make_contact, make_request, make_user

OPEN, SECRET = "open", "secret"
# Nobody outside may read one of these words anywhere: names and titles, and references.
MARKS = ("zebrafish", "SEC-")


@dataclass(frozen=True)
class Walker:
    """
    Somebody who tries every address. ``work`` and ``clients`` have what they see of each kind,
    written down by hand.
    """

    name: str
    user: User
    role: Role | None
    work: frozenset[str]
    clients: frozenset[str]
    is_contact: bool = False

    @property
    def sees_secret(self) -> bool:
        return SECRET in self.work


@dataclass(frozen=True)
class Rows:
    """The rows of one client, by the label of their model."""

    client: Client
    ids: dict[str, int]
    refs: dict[str, str]  # references of what a client sees, by kind
    internal: File
    shared: File
    version: Version
    image: File


@dataclass(frozen=True)
class Stage:
    walkers: tuple[Walker, ...]
    rows: dict[str, Rows]
    config: dict[str, int]  # rows that belong to no client


def build(world: World) -> Stage:
    south, tina, tom, carl = _south()
    secret = make_client("SEC", south, tina, tom, restricted=True, name="Zebrafish Ltd")
    inside = replace(world, acme=secret, team=south, alice=tina, bob=tom, cora=carl)
    rows = {OPEN: _rows(world, "Ordinary"), SECRET: _rows(inside, "Zebrafish")}
    walkers = tuple(_walkers(world, rows, tina, carl))
    Authenticator.objects.bulk_create(
        Authenticator(user=each.user, type="totp", data={"secret": "x"})
        for each in walkers
        if not each.is_contact
    )
    return Stage(walkers, rows, _config(world))


def _south() -> tuple[Team, User, User, User]:
    tina, tom = make_user("Tina", AM), make_user("Tom", AM)
    team = Team.objects.create(name="South", lead=tina)
    carl = make_user("Carl", CREATIVE, team=team)
    for person in (tina, tom):
        TeamMembership.objects.create(team=team, user=person)
    return team, tina, tom, carl


def _walkers(world: World, rows: dict[str, Rows], tina: User, carl: User) -> Iterator[Walker]:
    both, usual, none = frozenset({OPEN, SECRET}), frozenset({OPEN}), frozenset[str]()
    yield Walker("account manager elsewhere", make_user("Eve", AM), AM, usual, usual)
    yield Walker("account manager of the team", tina, AM, both, both)
    yield Walker("creative elsewhere", make_user("Kim", CREATIVE), CREATIVE, none, usual)
    yield Walker("creative of the team", carl, CREATIVE, frozenset({SECRET}), both)
    yield Walker("QA reviewer", world.quin, QA, both, both)
    yield Walker("operations lead", world.olga, OPS, both, both)
    yield Walker("integrations owner", world.ivan, INTEGRATIONS, both, both)
    yield Walker("auditor", world.audrey, AUDITOR, both, both)
    yield Walker("staff without a role", make_user("Nobody"), None, none, none)
    clients = {name: found.client for name, found in rows.items()}
    yield Walker(
        "contact of the open client", _approver(clients[OPEN]), None, usual, usual, is_contact=True
    )
    yield Walker(
        "contact of the restricted client",
        _approver(clients[SECRET]),
        None,
        frozenset({SECRET}),
        frozenset({SECRET}),
        is_contact=True,
    )
    yield Walker("contact of both", _of_both(clients), None, both, both, is_contact=True)


def _approver(client: Client) -> User:
    """The approver whom ``_rows`` asked."""
    return User.objects.get(contact__clients=client, email__startswith="approver")


def _of_both(clients: dict[str, Client]) -> User:
    user = User.objects.create_user("both@client.test", full_name="Betty Both")
    contact = make_contact("Betty Both", "both@client.test", user=user)
    for client in clients.values():
        Membership.objects.create(contact=contact, client=client, role=Membership.Role.VIEWER)
    return user


# -- Rows of a client ------------------------------------------------------------------------------


def _rows(world: World, word: str) -> Rows:
    client = world.acme
    user = User.objects.create_user(f"approver@{client.code}.test", full_name=f"{word} Approver")
    contact = make_contact(f"{word} Approver", f"approver@{client.code}.test", user=user)
    Membership.objects.create(contact=contact, client=client, role=Membership.Role.APPROVER)
    request = make_request(
        client, "accepted", title=f"{word} site", details=f"{word} pages", contact=contact
    )
    [row] = make_deliverables(
        world,
        request=request,
        body=f"{word} brief",
        engagement=make_engagement(world, name=f"{word} deal"),
        planned=[{"key": "a", "title": f"{word} page", "format": "page", "amount": "1000"}],
    )
    image = make_file(world.cora, client, name=f"{word.lower()}.png")
    draft = versions.Draft(
        {"title": f"{word} hello", "slug": "hello", "body_html": f"<p>{word} text</p>"},
        parts=(versions.DraftFile(image.pk, "content", f"{word} picture"),),
    )
    row = with_the_client(world, row, draft)
    recorded = record_request(world, title=f"{word} call", evidence=f"{word} said")
    case = raise_exception(ExceptionFinding(Reason.NO_ANSWER, {}, request.item), at=NOW)
    assert case is not None
    internal, shared = _noted(world, request.item, word)
    ids = {
        "routing.client": client.pk,
        "routing.contact": contact.pk,
        "routing.destination": make_destination(world, name=f"{word} blog").pk,
        "delivery.check": _check(client, word),
        "delivery.plantemplate": PlanTemplate.objects.create(name=f"{word} plan", client=client).pk,
        **_reports(client),
        "delivery.requestrule": RequestRule.objects.create(client=client, tags=[word]).pk,
        "delivery.request": request.pk,
        "delivery.campaign": _campaign(world, request),
        "routing.run": recorded.item.run_id or 0,
        "delivery.engagement": row.brief.engagement_id or 0,
        "routing.exceptioncase": case.pk,
        "delivery.approval": question(row).pk,
        **_of_work(row, client),
    }
    refs = {
        "request": request.item.ref,
        "campaign": Campaign.objects.get(request=request).item.ref,
        "deliverable": row.item.ref,
        "approval": question(row).item.ref,
    }
    version = row.versions.get()
    return Rows(client, ids, refs, internal, shared, version, image)


def _reports(client: Client) -> dict[str, int]:
    schedule = ReportSchedule(client=client)
    save_schedule(schedule, by=Actor.system(), at=NOW)
    month = ClientMonth.of(f"{NOW:%Y-%m}", client.timezone)
    made = make_report(client, month, by=Actor.system(), at=NOW)
    return {"delivery.report": made.pk, "delivery.reportschedule": schedule.pk}


def _campaign(world: World, request: Request) -> int:
    make_campaign([request.pk], by=by(world.alice), at=NOW)
    return Campaign.objects.get(request=request).pk


def _check(client: Client, word: str) -> int:
    found = Check.objects.create(
        name=f"{word} words", kind="forbidden_words", client=client, is_active=False
    )
    return found.pk


def _of_work(row: Deliverable, client: Client) -> dict[str, int]:
    outcome = Outcome.objects.create(item=row.item, kind="live", expected_at=NOW)
    return {
        "delivery.deliverable": row.pk,
        "delivery.brief": row.brief_id,
        "routing.workitem": row.item_id,
        "routing.outcome": outcome.pk,
        "routing.clock": _first(Clock.objects.filter(item__client=client)),
        "routing.event": _first(Event.objects.filter(item__client=client)),
        "routing.auditentry": _first(Event.objects.filter(item__client=client)),
        "integrations.outbound": _first(Outbound.objects.filter(item__client=client)),
    }


def _first(rows: Any) -> int:
    found = rows.order_by("pk").values_list("pk", flat=True).first()
    return int(found or 0)


def _noted(world: World, item: WorkItem, word: str) -> tuple[File, File]:
    """One file on an internal note and one on a shared note about this work."""
    files = []
    for audience in (Note.Audience.INTERNAL, Note.Audience.CLIENT):
        name = f"{word.lower()}-{audience}.pdf"
        made = make_file(world.alice, item.client, content=pdf(name), name=name)
        notes.write(
            item,
            body=f"{word} {audience} note",
            audience=audience,
            files=[made],
            by=by(world.alice),
            at=timezone.now(),
        )
        files.append(made)
    return files[0], files[1]


def _config(world: World) -> dict[str, int]:
    """A row of each kind of configuration, which no client restricts."""
    found = {}
    for model in apps.get_models():
        label = model._meta.label_lower
        if model._meta.app_label in {"routing", "delivery", "integrations"}:
            newest = model._base_manager.order_by("-pk").values_list("pk", flat=True).first()
            found[label] = int(newest) if isinstance(newest, int) else 0
    found["routing.user"] = world.bob.pk
    found["routing.agency"] = world.agency.pk
    return found
