"""WorkItem: the one row of work that can be owned, timed, put on hold or raise exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.people.clients import Client
from routing.people.staff import Team
from routing.work.folding import Fold

NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def soonest(prefix: str = "") -> Coalesce:
    """
    Return a sort key that puts the earliest due time first and items without one last.

    :param prefix: lookup of the work item, such as ``item__``
    """
    # Without nulls an index can answer the row comparisons that find a page of a list.
    return Coalesce(
        f"{prefix}next_due_at", models.Value(NEVER), output_field=models.DateTimeField()
    )


class PlainSaveRefused(TypeError):
    """
    A row was about to be saved without the door, which would skip its history or restore an old
    state.
    """


class DoorOnly(models.Model):
    """Base of rows that only the door writes."""

    # django-fsm's ``protected=True`` refuses an assignment to the state. It does not stop a
    # ``save()`` of a row that was read before somebody else changed it.

    # See routing.kernel.texts. Text that may be redacted is sealed apart from the other columns.
    redactable: ClassVar[tuple[str, ...]] = ()
    impersonal: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def save(self, *_args: Any, **_kwargs: Any) -> None:
        """:raises PlainSaveRefused: always"""
        raise PlainSaveRefused(
            f"{type(self).__name__} rows are written by operations only: call one, or "
            f"routing.work.creation.create for a new row."
        )


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    def open(self) -> Self:
        return self.filter(is_open=True)

    def held(self) -> Self:
        return self.filter(held_at__isnull=False)

    def overdue(self, at: datetime) -> Self:
        """Filter for open items that were due before ``at`` (aware)."""
        return self.open().filter(next_due_at__lt=at)


class WorkItem(DoorOnly):
    """
    The aggregate root of every piece of work: each change of the work also writes this row, so the
    row version guards the whole.

    The door copies ``state`` and ``is_open`` from the noun that has this item, and clocks write
    ``next_due_at``. History keeps the state with the noun only.
    """

    # A second guard on the noun could find one half of a change still valid and the other half
    # overtaken, and one statement cannot undo half of itself: docs/decisions/0001.

    class WaitingOn(models.TextChoices):
        AGENCY = "agency", _("Agency")
        CLIENT = "client", _("Client")
        VENDOR = "vendor", _("Vendor")
        INCIDENT = "incident", _("Incident")

    class Priority(models.IntegerChoices):
        URGENT = 1, _("Urgent")
        HIGH = 2, _("High")
        NORMAL = 3, _("Normal")
        LOW = 4, _("Low")

    redactable = ("title", "hold_reason")
    impersonal = ("ref", "kind", "state", "waiting_on")

    ref = models.CharField(_("reference"), max_length=24, unique=True)
    kind = models.CharField(_("kind"), max_length=32)
    title = models.CharField(_("title"), max_length=200)
    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="work",
        db_index=False,
        verbose_name=_("client"),
    )
    run = models.ForeignKey(
        "routing.Run",
        on_delete=models.PROTECT,
        null=True,
        related_name="work",
        verbose_name=_("run"),
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="children",
        verbose_name=_("part of"),
    )
    state = models.CharField(_("state"), max_length=32)
    is_open = models.BooleanField(_("open"), default=True)
    held_at = models.DateTimeField(_("on hold since"), null=True)
    held_by = models.ForeignKey(  # the item that was put on hold: this one or an ancestor
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("held together with"),
    )
    hold_reason = models.CharField(_("hold reason"), max_length=500, blank=True, default="")
    # As the owner's zone counts days. Empty if a person is to resume it.
    resumes_date = models.DateField(_("resumes on"), null=True, blank=True)
    waiting_on = models.CharField(
        _("waiting on"), max_length=10, choices=WaitingOn, default=WaitingOn.AGENCY
    )
    # There is no table of assignments. History says who owned the work, since when and why:
    # docs/decisions/0004.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="owned",
        db_index=False,
        verbose_name=_("owner"),
    )
    backup = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="backed_up",
        verbose_name=_("backup"),
    )
    doer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="doing",
        verbose_name=_("assignee"),
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="work",
        verbose_name=_("team"),
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=Priority, default=Priority.NORMAL
    )
    # True once the item has had a clock. Changes of other items need not look for clocks.
    is_timed = models.BooleanField(default=False, db_default=False, editable=False)
    next_due_at = models.DateTimeField(_("due"), null=True)
    created_at = models.DateTimeField(_("created"), editable=False)
    changed_at = models.DateTimeField(_("changed"), editable=False)

    # The values before the verb that runs, by column. The door sets it, for reactions.
    before: Mapping[str, Any] = MappingProxyType({})
    # The people of those values who are active, once they have been asked for; see last_change.
    active_before: frozenset[int] | None = None

    history = Tracked(excluded_fields=("state", "is_open", "is_timed", "next_due_at", "changed_at"))
    objects: ClassVar[models.Manager[WorkItem]] = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        ordering = ("next_due_at", "id")
        default_permissions = ("view",)
        permissions = (
            ("see_all_work", "Can see the work of every client"),
            ("see_unrestricted_work", "Can see the work of every client that is not restricted"),
            ("see_team_work", "Can see work assigned to oneself or one's teams"),
        )
        indexes = (
            models.Index(
                fields=["owner", "next_due_at", "id"],
                condition=models.Q(is_open=True),
                name="workitem_queue_idx",
            ),
            models.Index(
                fields=["next_due_at"],
                include=["id"],
                condition=models.Q(is_open=True),
                name="workitem_due_idx",
            ),
            models.Index(soonest(), "id", name="workitem_soonest_idx"),
            models.Index(
                soonest(), "id", condition=models.Q(is_open=True), name="workitem_open_soonest_idx"
            ),
            models.Index("client", soonest(), "id", name="workitem_client_idx"),
            # For the job that reminds clients. The few open questions make a small index.
            models.Index(
                fields=["kind"],
                condition=models.Q(waiting_on="client"),
                name="workitem_at_client_idx",
            ),
            models.Index(
                fields=["resumes_date"],
                condition=models.Q(resumes_date__isnull=False),
                name="workitem_resumes_idx",
            ),
            # One index for both columns, so that a new row makes one entry in its pending list.
            GinIndex(
                OpClass(Fold("ref"), "gin_trgm_ops"),
                OpClass(Fold("title"), "gin_trgm_ops"),
                name="workitem_folded_idx",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(is_open=False)
                | models.Q(owner__isnull=False, backup__isnull=False)
                & ~models.Q(owner=models.F("backup")),
                name="open_work_has_owner_and_backup",
            ),
            models.CheckConstraint(
                condition=models.Q(held_at__isnull=True, held_by__isnull=True)
                | models.Q(held_at__isnull=False, held_by__isnull=False),
                name="hold_names_its_item",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    @property
    def concerns_clocks(self) -> bool:
        """Return whether a change of this item may turn a clock: its own or its parent's."""
        return self.is_timed or self.parent_id is not None

    def hold(self, *, at: datetime, why: str, under: WorkItem | None = None) -> None:
        """Put on hold. ``under`` is the ancestor whose hold reaches this item."""
        self.held_at, self.resumes_date = at, None
        self.held_by_id = under.pk if under else self.pk
        self.hold_reason = why[:500]

    def resume(self, *, at: datetime) -> None:
        self.held_at = self.resumes_date = None
        self.held_by_id = None
        self.hold_reason = ""

    def resume_later(self, *, at: datetime, day: date | None) -> None:
        """Set the day on which it resumes by itself, or none."""
        self.resumes_date = day

    def hand_over(
        self, *, at: datetime, owner: int | None, backup: int | None, doer: int | None
    ) -> None:
        """Change the owner, the backup and the assignee, by user id."""
        self.owner_id, self.backup_id, self.doer_id = owner, backup, doer

    def name_client(self, *, at: datetime, client: int) -> None:
        """:param client: id of the client that the work turned out to be for"""
        self.client_id = client

    def join_run(self, *, at: datetime, runs: dict[int, int], parents: dict[int, int]) -> None:
        """
        Belong to a run from now on.

        :param runs: the run by work item id
        :param parents: the new parent by work item id; an item that has one keeps it
        """
        self.run_id = runs[self.pk]
        self.parent_id = self.parent_id or parents.get(self.pk)

    def replace_person(self, *, at: datetime, leaver: int, heir: int) -> None:
        """Replace ``leaver`` by ``heir`` wherever this item names them, by user id."""
        for place in ("owner_id", "backup_id", "doer_id"):
            if getattr(self, place) == leaver:
                setattr(self, place, heir)


class RefCounter(models.Model):
    """
    The last number of a prefix.

    Numbers are unique. They may have gaps, because a refused creation uses one up.
    """

    impersonal = ("prefix",)

    prefix = models.CharField(max_length=8, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.prefix}-{self.last}"


class WorkNoun(DoorOnly):
    """
    Base of requests, briefs and deliverables: a work item and a state that only the door writes.
    """

    open_states: ClassVar[frozenset[str]]
    # Free-text columns that the search reads. Each needs a trigram index.
    searchable: ClassVar[tuple[str, ...]] = ()
    # A column with the public address of what was made, which needs an index.
    address_column: ClassVar[str] = ""
    # True if contacts see these rows of their own clients, or a condition if they see only some.
    open_to_clients: ClassVar[bool | models.Q] = False
    state: Any

    item = models.OneToOneField(
        WorkItem, on_delete=models.PROTECT, related_name="as_%(class)s", verbose_name=_("work item")
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.item)

    @property
    def is_open(self) -> bool:
        return self.state in self.open_states

    def numbered(self) -> None:
        """
        Set columns that need the row's own id. It is called just before the first write.
        """
