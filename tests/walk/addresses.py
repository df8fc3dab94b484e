"""
Every address of the product, with who may open it.

Each route of the URL configuration is given to the first rule that knows it. A route that no rule
knows is unlisted, and fails the test: whoever adds a page says here who may see it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver

from routing.desk.named_lists import named_lists
from routing.work.door import all_operations
from tests.routing.people.test_permissions_matrix import MATRIX
from tests.walk.figure_pages import dashboards, figure_rows, portal_reports
from tests.walk.stage import OPEN, SECRET, Rows, Stage, Walker
from tests.walk.visits import (
    ANY,
    DENIED,
    HIDDEN,
    NOWHERE,
    SEEN,
    Listing,
    Visit,
    listed,
    may,
    staff_only,
)

# Models whose rows belong to work, or to a client, of which a reader may see some.
OF_WORK = {
    "routing.workitem", "routing.run", "routing.exceptioncase", "routing.clock", "routing.event",
    "routing.auditentry",
    "delivery.request", "delivery.brief", "delivery.deliverable", "delivery.approval",
    "delivery.campaign",
    "integrations.outbound",
}  # fmt: skip
OF_CLIENT = {
    "routing.client", "routing.contact", "routing.destination", "delivery.engagement",
    "delivery.check", "delivery.plantemplate", "delivery.requestrule",
    "delivery.report", "delivery.reportschedule",
}  # fmt: skip
# Work of the agency itself, which belongs to no client.
OF_AGENCY = {
    "integrations.incident", "routing.publishapproval", "routing.flowproposal",
    "routing.flowreview",
}  # fmt: skip
# There is one agency, commands make connections, and flows make their versions and rules.
ADDED_ELSEWHERE = {
    "integrations.connection",
    "routing.agency",
    "routing.flowreview",
    "routing.flowversion",
    "routing.rule",
    "routing.versionaction",
}
# Pages of the desk that do not change, delete or add a row, with the permission that they need
# besides seeing the row. Those of POST alone refuse to be read.
EXTRA = {
    "note/": "",
    "questions/": "",
    "trace.json": "",
    "ledger/": "",
    "report/": "",
    "report.html": "",
    "report.pdf": "",
    "report.csv": "",
    "report.json": "",
    "evidence.zip": "routing.view_seal",
    "withdrawal/": "delivery.withdraw_report",
    "fill-in/": "",
    "invite/": "routing.invite_contact",
    "withdraw/": "routing.withdraw_contact",
    "erase/": "routing.erase_contact",
    "merge/": "routing.merge_client",
    "take-back/": "routing.merge_client",
    "deactivate/": "routing.change_user",
    "reactivate/": "routing.change_user",
    "draft/": "routing.change_flow",
    "copy/": "routing.add_flow",
    "start/": "routing.add_flow",
    "runs/": "",
    "answers/": "routing.add_reviewanswer",
    "try/": "routing.change_flow",
    "checklist/<slug:line>/": "routing.add_checklistanswer",
    "read-again/": "",
    "version/<int:number>/": "",
    "version/<int:number>/preview/": "",
    "end/": "",
    "due/": "",
}
# Rows that people add for themselves with another permission than that for everybody's.
ADDED_BY_PEOPLE = {"routing.absence": "routing.plan_own_absence"}


# Pages and steps of a saved view, which nobody sees that has none.
OF_VIEW = {"open/<slug:slug>/", "<int:pk>/keep/", "<int:pk>/take-over/", "<int:pk>/remove/"}


def every_route(patterns: Any = None, before: str = "") -> Iterator[str]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from every_route(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield route


# -- The desk --------------------------------------------------------------------------------------


def admin_visits(route: str, stage: Stage) -> list[Visit] | None:
    """Return the visits of a route of one model's pages, or None for any other."""
    found = re.fullmatch(r"admin/(\w+)/(\w+)/(.*)", route)
    if found is None:
        return None
    label, tail = f"{found[1]}.{found[2]}", found[3]
    base, view = f"/admin/{found[1]}/{found[2]}/", f"{found[1]}.view_{found[2]}"
    if tail == "":
        return [Visit(f"{base}?{query}", listed(view)) for query in _queries(label)]
    if tail == "add/":
        elsewhere = {403} if label in ADDED_ELSEWHERE else set()
        right = listed(ADDED_BY_PEOPLE.get(label, f"{found[1]}.add_{found[2]}"))
        return [Visit(f"{base}add/", lambda walker: {*right(walker), *elsewhere})]
    if label == "routing.view" and tail in OF_VIEW:
        rest = tail.replace("<slug:slug>", "none").replace("<int:pk>", str(NOWHERE))
        return [Visit(base + rest, lambda walker: staff_only(walker, HIDDEN))]
    if "<path:object_id>" not in tail:
        return _of_model(base, tail, view)
    rest = tail.removeprefix("<path:object_id>/")
    visits: list[Visit] = []
    for name, pk in _objects(label, stage):
        visits += _of_row(f"{base}{pk}/", rest, label, name, view)
    return visits or None


def _queries(label: str) -> Sequence[str]:
    """The list as it opens, with everything in it, and searched for what is hidden."""
    if label in OF_WORK | OF_CLIENT:
        return ("whose=all&open=all", "whose=all&open=all&q=zebrafish")
    return ("",)


# Pages about a model as a whole that need no other right than to see its rows, and their addresses.
_PLAIN = (
    "counts/",
    "verify/",
    "read/",
    "kept/",
    "figures/",
    "export/",
    "catalogue/",
    "events/",
    "starters/",
    "monday/",
    "away-now/",
    "several/",
)
OF_WHOLE_MODEL: dict[str, Callable[[str], list[str]]] = {
    **{tail: partial(lambda tail, base: [base + tail], tail) for tail in _PLAIN},
    "figures/rows/<slug:name>/<str:since>/<str:until>/<str:where>/": figure_rows,
}


def _of_model(base: str, tail: str, view: str) -> list[Visit] | None:
    if tail == "bulk/<slug:verb>/":
        return [Visit(f"{base}bulk/hold/", lambda walker: staff_only(walker, {302, 403, 404}))]
    if tail in OF_WHOLE_MODEL:
        return [Visit(path, listed(view)) for path in OF_WHOLE_MODEL[tail](base)]
    if tail == "events/<str:kind>/":
        return [Visit(f"{base}events/form.submitted/", listed(view))]
    if tail in {"events/<str:kind>/claim/", "events/<str:kind>/replay/<int:claim>/"}:
        rest = tail.replace("<str:kind>", "form.submitted").replace("<int:claim>", "1")
        right = listed("routing.claim_event")
        return [Visit(base + rest, lambda walker: {*right(walker), 404})]  # nobody claimed it
    if tail == "starters/<slug:starter>/":
        return [Visit(f"{base}starters/lead-to-brief/", listed("routing.add_flow"))]
    return None


def _objects(label: str, stage: Stage) -> list[tuple[str, int]]:
    """Return the open and the hidden row, or a row that no client restricts."""
    if label in OF_WORK | OF_CLIENT:
        return [(name, rows.ids[label]) for name, rows in stage.rows.items()]
    return [("config", stage.config.get(label) or NOWHERE)]


def _of_row(base: str, rest: str, label: str, name: str, view: str) -> list[Visit]:
    """Return the visits of a page below one row, none if nobody knows the page."""
    ours = partial(_of_walker, label, name, view)
    if rest == "":  # leads to the page of the row, whoever asks and whatever the number is
        return [Visit(base, lambda walker: staff_only(walker, {302, 403, 404}))]
    if rest == "history/<int:version>/":  # refused before a row is looked for
        return [Visit(f"{base}history/1/", lambda _: DENIED)]
    if rest == "delete/" and not _deletable(label):
        return [Visit(f"{base}delete/", lambda _: DENIED)]
    if rest in {"step/<slug:verb>/", "do/<slug:verb>/", "switch/<slug:verb>/"}:
        switches = rest.startswith("switch/")
        verbs = ["off", "on"] if switches else _verbs(label)
        needed = "routing.switch_flow" if switches else ""
        paths = [base + rest.replace("<slug:verb>", verb) for verb in verbs]
        return [Visit(path, partial(ours, needed, ANY | {409})) for path in paths]
    right: dict[str, Collection[int]] = {
        "change/": SEEN | _missing(name),
        "history/": SEEN | _missing(name),
        "file/": SEEN | _missing(name),
        "delete/": SEEN | DENIED,
        "outcomes/<int:outcome>/look/": ANY,
        "outcomes/<int:outcome>/waive/": ANY,
    }
    right |= dict.fromkeys(EXTRA, ANY - {404} | _missing(name))
    right["take-back/"] = ANY  # not there unless the client was merged
    if rest not in right:
        return []
    path = base + re.sub(r"<(int|slug):\w+>", "1", rest)
    return [Visit(path, partial(ours, EXTRA.get(rest, ""), right[rest]))]


def _of_walker(
    label: str, name: str, view: str, extra: str, ok: Collection[int], walker: Walker
) -> Collection[int]:
    """:param extra: the permission that a page needs besides that to see the row"""
    if walker.is_contact or not may(walker, view):
        return DENIED
    lacks = bool(extra) and not may(walker, extra)
    if not sees(walker, label, name):
        return DENIED if lacks else HIDDEN
    return DENIED if lacks else ok


def _missing(name: str) -> set[int]:
    return {404} if name == "config" else set()


def sees(walker: Walker, label: str, name: str) -> bool:
    if label in OF_WORK:
        return name in walker.work
    if label in OF_CLIENT:
        return name in walker.clients
    return True


def _deletable(label: str) -> bool:
    app, model = label.split(".")
    return bool(MATRIX.get(f"{app}.delete_{model}"))


def _verbs(label: str) -> list[str]:
    steps = [step for step in all_operations() if not step.system]
    own = [step.verb for step in steps if step.model._meta.label_lower == label]
    return own or ["hold", "publish", "replay"]


# -- Everything else -------------------------------------------------------------------------------


def _plain(*paths: str, right: Collection[int] = ANY, method: str = "get") -> Listing:
    return lambda stage: [Visit(path, lambda _: right, method) for path in paths]


def _desk(*paths: str, right: Collection[int] = SEEN) -> Listing:
    """Pages that all staff may open, and that show each what they see."""
    return lambda stage: [Visit(path, lambda walker: staff_only(walker, right)) for path in paths]


def _search(stage: Stage) -> list[Visit]:
    words = ("zebrafish", stage.rows[SECRET].refs["request"], "zebrafish call", "a")
    right = lambda walker: staff_only(walker, SEEN)  # noqa: E731
    return [Visit(f"/admin/find/?q={word}", right) for word in words]


def _autocomplete(stage: Stage) -> list[Visit]:
    asked = (
        ("routing", "membership", "client"), ("delivery", "engagement", "client"),
        ("routing", "membership", "contact"), ("delivery", "request", "contact"),
        ("delivery", "brief", "request"),
    )  # fmt: skip
    query = "/admin/autocomplete/?term=zebrafish&app_label={}&model_name={}&field_name={}"
    return [Visit(query.format(*each), lambda _: ANY) for each in asked]


def _histories(stage: Stage) -> list[Visit]:
    found = []
    for name, rows in stage.rows.items():
        for label, pk in rows.ids.items():
            found.append(Visit(f"/admin/history-of/{label}/{pk}/", _history_of(label, name)))
    return found


def _history_of(label: str, name: str) -> Callable[[Walker], Collection[int]]:
    app, model = label.split(".")
    # An outcome has no page of its own: its work says who may see it.
    asked = "routing.view_workitem" if model == "outcome" else f"{app}.view_{model}"
    seen_by = "routing.workitem" if model == "outcome" else label

    def statuses(walker: Walker) -> Collection[int]:
        if walker.is_contact or not may(walker, asked):
            return DENIED
        return SEEN | {404} if sees(walker, seen_by, name) else HIDDEN

    return statuses


def _exported_lists(stage: Stage) -> list[Visit]:
    found = []
    for name, page in named_lists().items():
        view = f"{page.model._meta.app_label}.view_{page.model._meta.model_name}"
        found += [
            Visit(f"/admin/routing/export/of/{name}/?{query}", listed(view))
            for query in _queries_of(page)
        ]
    return found


def _queries_of(page: Any) -> Sequence[str]:
    """Everything in the list, and searched for what is hidden. An export refuses other filters."""
    filters = {getattr(each, "parameter_name", "") for each in page.list_filter}
    everything = [f"{name}=all" for name in ("whose", "open") if name in filters]
    return "&".join(everything), "&".join([*everything, "q=zebrafish"])


def _reminders(stage: Stage) -> list[Visit]:
    def right(name: str) -> Callable[[Walker], Collection[int]]:
        seen = {302, 403, 404}  # not all work has a question that somebody can be reminded of
        return lambda walker: DENIED if name not in walker.work or walker.is_contact else seen

    return [
        Visit(f"/admin/remind/{rows.ids['routing.workitem']}/", right(name), "post")
        for name, rows in stage.rows.items()
    ]


def _files(stage: Stage) -> list[Visit]:
    found = []
    for name, rows in stage.rows.items():
        for file in (rows.internal, rows.shared, rows.image):
            right = _file_of(name)
            found += [
                Visit(f"/files/{file.key}/x", right),
                Visit(f"/files/{file.key}/x?preview", right),
            ]
    return found


def _numbered_files(stage: Stage) -> list[Visit]:
    found = []
    for name, rows in stage.rows.items():
        found += [Visit(f"/files/{rows.internal.pk}/x", _file_of(name))]
    return [*found, Visit(f"/files/{NOWHERE}/x", lambda _: HIDDEN)]


def _file_of(name: str) -> Callable[[Walker], Collection[int]]:
    def statuses(walker: Walker) -> Collection[int]:
        seen = name in walker.work and not walker.is_contact and may(walker, "routing.view_file")
        # 202 while the preview of an image is being drawn.
        return {200, 202, 404} if seen else HIDDEN

    return statuses


def _portal(route: str) -> Listing:
    """A page about one piece of work, by its reference: of another client it is not there."""

    def visits(stage: Stage) -> list[Visit]:
        found = []
        for name, rows in stage.rows.items():
            path = "/" + _filled(route, rows)
            found += [Visit(path, _of_client(name), method) for method in ("get", "post")]
        return found

    return visits


def _of_client(name: str) -> Callable[[Walker], Collection[int]]:
    def statuses(walker: Walker) -> Collection[int]:
        if not walker.is_contact:
            return {403, 405}
        return ANY | {409} if name in walker.work else {404, 405}

    return statuses


def _filled(route: str, rows: Rows) -> str:
    kind = {
        "requests": "request",
        "campaigns": "campaign",
        "questions": "approval",
        "work": "deliverable",
    }[route.split("/")[1]]
    number = rows.version.files.get().pk if "parts" in route or "questions" in route else None
    values = {
        "<slug:ref>": rows.refs[kind],
        "<uuid:key>": str(rows.image.key if number else rows.shared.key),
        "<int:key>": str(number or rows.shared.pk),
        "<slug:digest>": rows.image.sha256,
    }
    for each, value in values.items():
        route = route.replace(each, value)
    return route


def _contacts(*paths: str) -> Listing:
    def right(walker: Walker) -> Collection[int]:
        # Whoever may only look may not send a new request.
        return {200, 302, 403, 404} if walker.is_contact else {403, 405}

    return lambda stage: [Visit(path, right) for path in paths]


OTHERS: dict[str, Listing] = {
    "": _plain("/"),
    "favicon.ico": _plain("/favicon.ico"),
    "hooks/<slug:slug>/": _plain("/hooks/crm/", right={401, 405, 411}, method="post"),
    "site/<slug:slug>/<path:path>": _plain("/site/none/hello/", right=HIDDEN),
    "admin/": _desk("/admin/"),
    "admin/mail/": lambda stage: [Visit("/admin/mail/", listed("routing.change_user"))],
    "admin/mail/<str:name>/": _plain("/admin/mail/none/", right=DENIED),
    "admin/find/": _search,
    "admin/dashboards/<slug:name>/": dashboards,
    # Django's and Unfold's own pages, about nobody's work.
    "admin/login/": _plain("/admin/login/"),
    "admin/logout/": _plain("/admin/logout/", right=ANY),
    "admin/password_change/": _plain("/admin/password_change/"),
    "admin/password_change/done/": _plain("/admin/password_change/done/"),
    "admin/jsi18n/": _plain("/admin/jsi18n/"),
    "admin/search/": _plain("/admin/search/?s=zebrafish"),
    "admin/r/<path:content_type_id>/<path:object_id>/": _plain("/admin/r/1/1/"),
    r"admin/^(?P<app_label>routing|delivery|integrations)/$": _desk("/admin/routing/"),
    "admin/(?P<url>.*)$": _plain("/admin/nothing-here", right=ANY | {301}),
    "admin/remind/<int:item_id>/": _reminders,
    "admin/history-of/<str:label>/<int:pk>/": _histories,
    "admin/routing/export/of/<slug:name>/": _exported_lists,
    # Each person's own, so that everybody else gets 404.
    "admin/routing/export/<uuid:key>/download/": _plain(
        f"/admin/routing/export/{UUID(int=0)}/download/", right=DENIED
    ),
    "admin/routing/export/<uuid:key>/cancel/": _plain(
        f"/admin/routing/export/{UUID(int=0)}/cancel/", right=DENIED, method="post"
    ),
    "admin/autocomplete/": _autocomplete,
    "files/<uuid:key>/<str:name>": _files,
    "files/<int:key>/<str:name>": _numbered_files,
    "portal/": _contacts("/portal/"),
    "portal/requests/": _contacts("/portal/requests/?show=all", "/portal/requests/?q=zebrafish"),
    "portal/figures/": _contacts("/portal/figures/", "/portal/figures/?client=SEC"),
    "portal/reports/<int:key>/": portal_reports,
    "portal/reports/<int:key>/report.<slug:form>": portal_reports,
    "portal/drafts/": _plain("/portal/drafts/", right=ANY | {400}),
    "portal/new/": _contacts("/portal/new/"),
    "portal/new/<slug:slug>/": _contacts("/portal/new/request/"),
    "portal/sent/<slug:token>/": _contacts("/portal/sent/none/"),
}  # fmt: skip


def visits_of(route: str, stage: Stage) -> Sequence[Visit] | None:
    """Return the visits of a route, or None if it is listed nowhere."""
    if route in OTHERS:
        return OTHERS[route](stage)
    if route.startswith("portal/") and "<slug:ref>" in route:
        return _portal(route)(stage)
    if route.startswith("accounts/"):  # each person's own, and nobody's work
        return _plain("/" + route)(stage) if "<" not in route and "(" not in route else []
    return admin_visits(route, stage)


__all__ = ["OPEN", "SECRET", "Visit", "every_route", "may", "visits_of"]
