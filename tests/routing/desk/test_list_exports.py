"""A list as a file holds the rows of its page, for this person, in each format."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from openpyxl import load_workbook

from delivery.models import Request
from routing.desk.export_columns import NoSuchColumn
from routing.desk.exporting import UnknownFilter, list_to_export, query_called, write_list
from routing.desk.exports import FORMATS
from routing.desk.named_lists import UnknownList, named_list, named_lists, request_of
from routing.desk.operations.exports import export_now
from routing.kernel.reasons import Reason
from routing.models import ExportRecord, SecurityEvent, User, WorkItem
from routing.people.security import record_security
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from tests.delivery.making import make_deliverables, make_engagement, with_the_client
from tests.world import NOW, World, make_client, make_contact, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]

EVERYTHING = "whose=all&open=all&standing=all"
WHO = ("alice", "cora", "olga", "ivan", "audrey")
LISTS = sorted(named_lists())


@pytest.fixture
def full(world: World) -> World:
    """Rows in every list, some of them about a client that not everybody sees."""
    for page in make_deliverables(world)[:1]:
        with_the_client(world, page)
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    for client in (world.acme, secret):
        row = make_request(
            client,
            title=f"=Poster of {client.code}",
            contact=make_contact(email=f"carla@{client.code.lower()}.test"),
        )
        raise_exception(ExceptionFinding(Reason.NO_ANSWER, item=row.item), at=NOW)
    record_security(SecurityEvent.Kind.SIGNED_IN, at=NOW, user=world.alice, address="203.0.113.9")
    with BytesIO() as out:
        export_now(list_to_export("work", world.olga, QueryDict()), "csv", out, way="page", at=NOW)
    return world


def exported(name: str, user: User, query: str, form: str = "csv") -> tuple[bytes, int]:
    out = BytesIO()
    written = write_list(list_to_export(name, user, QueryDict(query)), form, out, at=NOW)
    return out.getvalue(), written.rows


def from_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def from_xlsx(content: bytes) -> list[tuple[Any, ...]]:
    book = load_workbook(BytesIO(content))
    return list(book.worksheets[0].iter_rows(values_only=True))


def query_for(name: str) -> str:
    """Return the query that shows every row, of those that the list understands."""
    known = query_called.__globals__["filters_of"](named_list(name), User.objects.first())
    return "&".join(part for part in EVERYTHING.split("&") if part.partition("=")[0] in known)


def test_every_named_list_has_columns_whose_keys_differ() -> None:
    for name, page in named_lists().items():
        keys = [each.key for each in page.export_columns]
        assert keys, f"{name} has no columns"
        assert len(set(keys)) == len(keys), name


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", LISTS)
def test_rows_shown_are_rows_counted_are_rows_exported(full: World, name: str, who: str) -> None:
    page, user = named_list(name), getattr(full, who)
    query = query_for(name)
    request = request_of(page, user, QueryDict(query))
    if not page.has_view_permission(request):
        with pytest.raises(PermissionDenied):
            list_to_export(name, user, QueryDict(query))
        return
    shown = page.get_changelist_instance(request)

    csv_rows = from_csv(exported(name, user, query)[0])
    sheet = from_xlsx(exported(name, user, query, "xlsx")[0])
    document = json.loads(exported(name, user, query, "json")[0])

    assert exported(name, user, query)[1] == shown.result_count == len(shown.result_list)
    assert len(csv_rows) == len(sheet) - 1 == len(document["rows"]) == shown.result_count
    if who == "olga":
        assert shown.result_count, f"{name} has no row to compare"


def test_all_pages_come_in_the_order_of_the_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routing.desk.exporting.CHUNK", 2)
    for number in range(7):
        make_request(world.acme, title=f"Poster {number}")
    ordered = list(
        WorkItem.objects.filter(kind="request").order_by("-id").values_list("ref", flat=True)
    )

    content, rows = exported("work", world.alice, "whose=all&o=-1&page=2")

    assert [row["ref"] for row in from_csv(content)] == ordered
    assert rows == 7


def test_instants_are_in_utc_and_in_the_readers_zone_which_the_heading_names(
    world: World,
) -> None:
    world.alice.timezone = "Asia/Kolkata"
    world.alice.save()
    make_request(world.acme)

    [row] = from_csv(exported("requests", world.alice, "")[0])
    [heading, cells] = from_xlsx(exported("requests", world.alice, "", "xlsx")[0])
    document = json.loads(exported("requests", world.alice, "", "json")[0])

    assert row["created_at"] == NOW.isoformat()
    assert row["created_at_local (Asia/Kolkata)"].endswith("+05:30")
    local = dict(zip(heading, cells, strict=True))["Created (Asia/Kolkata)"]
    assert (local.hour, local.minute) == ((NOW.hour + 5) % 24 + (NOW.minute + 30) // 60, 0)
    assert document["zone"] == "Asia/Kolkata"
    assert document["rows"][0]["created_at_local"].endswith("+05:30")


def test_a_file_names_its_list_its_filters_and_its_schema(world: World) -> None:
    query = "open=open&q=poster"
    make_request(world.acme, title="Poster")

    [row] = from_csv(exported("requests", world.alice, query)[0])
    book = load_workbook(BytesIO(exported("requests", world.alice, query, "xlsx")[0]))
    document = json.loads(exported("requests", world.alice, query, "json")[0])

    assert "list requests" in list(row)[-1]
    assert "open=open; q=poster" in list(row)[-1]
    about = list(book.worksheets[1].iter_rows(values_only=True))
    assert ("Filter", "q=poster") in [line[:2] for line in about]
    assert document["schema"] == {"name": "throughline.export", "version": 1}
    assert {"name": "q", "value": "poster"} in document["filters"]


def test_50_text_is_no_formula_and_numbers_keep_sign_and_type(full: World) -> None:
    [row] = from_csv(exported("requests", full.alice, "q=ACM+poster")[0])
    heading, cells = from_xlsx(exported("requests", full.alice, "q=ACM+poster", "xlsx")[0])
    shown = dict(zip(heading, cells, strict=True))

    assert row["title"] == "'=Poster of ACM"
    assert shown["Title"] == "'=Poster of ACM"
    assert shown["Priority"] == 3


def test_46_personal_columns_are_for_those_who_may_see_contacts(full: World) -> None:
    """A creative sees requests of the team, and no contact."""
    WorkItem.objects.filter(kind="request").update(doer=full.cora)
    for who, may in (("alice", True), ("cora", full.cora.has_perm("routing.view_contact"))):
        content = exported("requests", getattr(full, who), EVERYTHING.replace("&standing=all", ""))[
            0
        ]
        rows = from_csv(content)
        assert rows
        assert ("requested_by_email" in rows[0], b"carla@acm.test" in content) == (may, may), who


def test_money_is_an_amount_with_its_currency(world: World) -> None:
    [page] = make_deliverables(world)
    sold = page.brief.engagement or make_engagement(world)
    page.brief.engagement = sold
    row = make_request(world.acme, target=page)
    Request.objects.filter(pk=row.pk).update(impact="stated", impact_amount="-120.50")
    type(page.brief).objects.filter(pk=page.brief_id).update(engagement=sold)

    query = f"q={row.item.ref}"
    [line] = from_csv(exported("requests", world.alice, query)[0])
    document = json.loads(exported("requests", world.alice, query, "json")[0])

    assert (line["extra_cost"], line["extra_cost_currency"]) == ("-120.50", sold.currency)
    assert document["rows"][0]["extra_cost"] == {"amount": "-120.50", "currency": sold.currency}


@pytest.mark.parametrize("form", FORMATS)
def test_long_lists_take_a_constant_number_of_statements(
    world: World, form: str, django_assert_num_queries: Any
) -> None:
    counts = []
    for more in (2, 12):
        for number in range(more):
            make_request(world.acme, title=f"Poster {more} {number}")
        found = list_to_export("requests", world.alice, QueryDict("open=all"))
        with django_assert_num_queries(1):
            counts.append(write_list(found, form, BytesIO(), at=NOW).rows)
    assert counts == [2, 14]


def test_unknown_names_are_answered_with_similar_ones(world: World) -> None:
    with pytest.raises(UnknownList, match="requests"):
        list_to_export("request", world.alice, QueryDict())
    with pytest.raises(UnknownFilter, match="state"):
        query_called("requests", world.alice, [("stat", "accepted")])
    with pytest.raises(NoSuchColumn, match="title"):
        list_to_export("requests", world.alice, QueryDict(), ["titel"])


def test_a_short_name_of_a_filter_is_enough(world: World) -> None:
    query = query_called("requests", world.alice, [("state", "accepted"), ("q", "x")])

    assert query.urlencode() == "state=accepted&q=x"


def test_the_record_says_who_took_what(world: World) -> None:
    make_request(world.acme)
    found = list_to_export("requests", world.alice, QueryDict("open=all&q=ACM"))
    out = BytesIO()

    written = export_now(found, "json", out, way=ExportRecord.Way.PAGE, at=NOW)

    kept = ExportRecord.objects.get()
    assert (kept.user, kept.list_name, kept.format, kept.rows) == (
        world.alice,
        "requests",
        "json",
        1,
    )
    assert kept.filters == [["open", "all"], ["q", "ACM"]]
    assert kept.sha256 == written.sha256
