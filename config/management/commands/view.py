"""Saved views: their list, and the rows of one."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import SuspiciousOperation
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict
from django.utils import timezone

from config.management.acting import person
from routing.desk.named_lists import UnknownList, named_list, request_of
from routing.desk.opening import query_of
from routing.desk.refs import refs_of
from routing.desk.saved_views import View
from routing.people.actors import Actor
from routing.people.staff import User

EXAMPLES = """
examples:
  manage.py view list --as mara@northlight.example
  manage.py view show late-for-acme --as mara@northlight.example --json

The rows are those that the person sees on the page of the view, in its order.
docs/howto/save-a-view.md
"""


class ViewNotShown(Exception):
    """The view is not shown. ``code`` is stable, ``clears_by`` says what helps."""

    def __init__(self, code: str, message: str, clears_by: str = "") -> None:
        super().__init__(message)
        self.refusal = {"code": code, "message": message, "clears_by": clears_by}


class Command(BaseCommand):
    help = (
        "List saved views, or show the rows of one as a person sees them. Exits with 1 if it is "
        "refused, and with 2 if the command cannot be understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        known = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listed = known.add_parser("list", help="list the views that the person can open")
        shown = known.add_parser("show", help="show the rows of a view")
        shown.add_argument("slug", metavar="SLUG", help="the last part of the address of a view")
        for each in (listed, shown):
            each.add_argument(
                "--as", dest="email", metavar="EMAIL", required=True, help="a person of the agency"
            )
            each.add_argument("--json", action="store_true", help="one object with the result")

    def handle(self, *, action: str, email: str, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if it is refused, 2 if nobody has this address"""
        user, as_json = person(email), options["json"]
        try:
            with timezone.override(ZoneInfo(user.timezone)):
                body = _listed(user) if action == "list" else _shown(options["slug"], user)
        except ViewNotShown as refused:
            if as_json:
                self._print(action, {"refusals": [refused.refusal]})
            raise CommandError(str(refused), returncode=1) from None
        if as_json:
            self._print(action, body)
        elif action == "list":
            for view in body["views"]:
                self.stdout.write(f"{view['slug']}: {view['name']} ({view['list']})")
        else:
            self.stdout.write("\n".join([f"{body['count']} rows", *body["refs"]]))

    def _print(self, action: str, body: Mapping[str, Any]) -> None:
        schema = {"name": f"throughline.view.{action}", "version": 1}
        self.stdout.write(json.dumps({"schema": schema, **body}, indent=2, ensure_ascii=False))


def _listed(user: User) -> dict[str, Any]:
    rows = View.objects.seen_by(Actor.of(user)).select_related("owner", "team")
    views = [
        {
            "slug": view.slug,
            "name": view.name,
            "list": view.list_name,
            "query": view.query,
            "columns": view.columns.split(",") if view.columns else [],
            "sort": view.sort.split(",") if view.sort else [],
            "owner": view.owner.email,
            "owner_left": not view.owner.is_active,
            "team": view.team.name if view.team else None,
            "default_of": view.role or None,
            "pinned": view.is_pinned,
        }
        for view in rows
    ]
    return {"as": user.email, "views": views}


def _shown(slug: str, user: User) -> dict[str, Any]:
    """:raises ViewNotShown: if the person has no such view, or its list cannot be shown to them"""
    seen = View.objects.seen_by(Actor.of(user))
    view = seen.filter(slug=slug).first()
    if view is None:
        raise _unknown(slug, list(seen.values_list("slug", flat=True)))
    try:
        page = named_list(view.list_name)
        request = request_of(page, user, QueryDict(view.query))
        request.GET = query_of(view, page, request)  # type: ignore[assignment]
        may = page.has_view_permission(request)
        refs = refs_of(page.filtered(request)) if may else []
    except UnknownList as unknown:
        raise ViewNotShown("unknown_list", str(unknown)) from unknown
    except SuspiciousOperation as unreadable:
        words = f"The filters of this view cannot be read. {unreadable}".strip()
        raise ViewNotShown("unknown_filter", words, "The owner of the view") from unreadable
    if not may:
        words = f"{user} may not see the list “{view.list_name}”."
        raise ViewNotShown("permission", words, "An operations lead")
    return {
        "as": user.email,
        "slug": view.slug,
        "name": view.name,
        "list": view.list_name,
        "count": len(refs),
        "refs": refs,
    }


def _unknown(slug: str, known: list[str]) -> ViewNotShown:
    near = get_close_matches(slug, known)
    if near:
        return ViewNotShown(
            "unknown_view", f"There is no view “{slug}”. Similar: {', '.join(near)}."
        )
    return ViewNotShown("unknown_view", f"There is no view “{slug}” that this person can open.")
