"""View: a list of the desk with its filters, columns and order, under a name."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.people.addresses import LineField
from routing.people.staff import Team, User

MOST_QUERY = 2_000
SET_DEFAULT = "routing.set_default_view"
CHANGE = "routing.change_view"


class ViewQuerySet(models.QuerySet["View"]):
    def seen_by(self, by: Actor) -> ViewQuerySet:
        """
        Filter for a person's own views, those of their teams, and defaults of roles.

        A view holds no rows: everybody who opens it sees the rows that they may see. Who sets
        defaults sees the views of all teams.
        """
        shared = ~Q(role="") | Q(team__in=sorted(by.team_ids))
        if by.may(SET_DEFAULT):
            shared |= Q(team__isnull=False)
        return self.filter(shared | Q(owner=by.user_id))

    def in_sidebar_of(self, by: Actor) -> ViewQuerySet:
        """Filter for pinned views of the person or of their teams."""
        mine = Q(owner=by.user_id) | Q(team__in=sorted(by.team_ids))
        return self.filter(mine, is_pinned=True)

    def default_of(self, by: Actor, list_name: str) -> View | None:
        """Return the view that a list opens with for a role of this person, or None."""
        roles = Group.objects.filter(user=by.user_id).values("name")
        return self.filter(list_name=list_name, role__in=roles).order_by("role").first()


class View(models.Model):
    """
    The name of a list, its filters as in an address, its columns and its order.

    ``query`` has neither columns nor an order. ``columns`` are names with commas, empty for those
    of the list. ``sort`` is an order by names of columns, such as ``due_at,-client``.
    """

    stays_with_leaver: ClassVar[bool] = True  # nobody is asked to answer for it; see take_over_view
    redactable = ("name", "query")  # a search may name a person
    impersonal = ("slug", "list_name", "columns", "sort", "role")

    slug = models.SlugField(_("slug"), max_length=100, unique=True, editable=False)
    name = LineField(_("name"), max_length=80)
    list_name = models.CharField(_("list"), max_length=30, editable=False)
    query = models.CharField(_("filters"), max_length=MOST_QUERY, blank=True, editable=False)
    columns = models.CharField(_("columns"), max_length=500, blank=True, editable=False)
    sort = models.CharField(_("order"), max_length=200, blank=True, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="views", verbose_name=_("owner")
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="views",
        verbose_name=_("shared with"),
        help_text=_("Everybody in this team can open it. Leave empty to keep it for yourself."),
    )
    role = models.CharField(
        _("default of"),
        max_length=30,
        choices=Role.choices,
        blank=True,
        default="",
        help_text=_("The list opens with this view for everybody who has this role."),
    )
    is_pinned = models.BooleanField(
        _("in the sidebar"),
        default=True,
        help_text=_("With the number of its rows, for you or for the team."),
    )

    objects = ViewQuerySet.as_manager()
    history = Tracked()

    class Meta:
        verbose_name = _("view")
        verbose_name_plural = _("views")
        ordering = ("name", "id")
        default_permissions = ("add", "change", "view")
        permissions = (("set_default_view", "Can set the view that a list opens with for a role"),)
        constraints = (
            models.UniqueConstraint(
                fields=("list_name", "role"),
                condition=~Q(role=""),
                name="view_one_default",
                violation_error_message=_("This role has another default view of this list."),
            ),
        )

    def __str__(self) -> str:
        return self.name


def may_change(view: View, by: Actor) -> bool:
    """Return whether the actor may change or remove a view: their own, or a role's default."""
    if not by.may(CHANGE):
        return False
    return view.owner_id == by.user_id or (bool(view.role) and by.may(SET_DEFAULT))


def may_take_over(view: View, by: Actor) -> bool:
    """Return whether the owner of a view has left, so that one of its readers may own it."""
    return by.may(CHANGE) and not view.owner.is_active and view.owner_id != by.user_id
