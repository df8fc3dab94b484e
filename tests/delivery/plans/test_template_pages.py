"""Brief templates at the desk: saved as versions, which nobody changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from delivery.models import PlanTemplate, PlanTemplateVersion
from delivery.plans.lines import BadLines, read_lines
from delivery.plans.operations import TemplateContent, save_template
from delivery.plans.queries import default_templates
from tests.delivery.plans.making import lines, make_template
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_client

pytestmark = pytest.mark.usefixtures("without_second_factor")


def sent(*rows: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """What a browser sends: titles with relative days."""
    data = {"name": "Launch", "kind": "new", "client": "", "is_active": "on", "body": "## Goal"}
    data |= {"lines-TOTAL_FORMS": str(len(rows)), "lines-INITIAL_FORMS": "0"}
    for place, (title, due) in enumerate(rows):
        data |= {f"lines-{place}-title": title, f"lines-{place}-due": due}
        data |= {f"lines-{place}-format": "page", f"lines-{place}-unit": "working"}
    return data | fields


def test_a_lead_makes_a_template_and_each_change_is_a_version(world: World) -> None:
    lead = signed_in(world.olga)

    lead.post(url(PlanTemplate, "add"), sent(("Page", "D-5"), ("Ad", "D"), reason="First"))
    template = PlanTemplate.objects.get()
    page = url(PlanTemplate, "change", template.pk)
    lead.post(page, sent(("Page", "D-7"), ("Ad", "D"), reason="More time"))
    lead.post(page, sent(("Page", "D-7"), ("Ad", "D"), name="Big launch"))

    rows = template.versions.order_by("number")
    assert [[str(line.offset) for line in row.planned] for row in rows] == [
        ["D\u22125", "D"],
        ["D\u22127", "D"],
    ]
    assert PlanTemplate.objects.get().name == "Big launch"
    shown = words(lead.get(page))
    assert "Version 2 by Olga" in shown
    assert "More time" in shown
    assert "D\u22125" in shown


def test_a_wrong_line_names_itself_and_keeps_what_was_entered(world: World) -> None:
    answer = signed_in(world.olga).post(url(PlanTemplate, "add"), sent(("Page", "five days")))

    assert "Enter D, D-5 (before) or D+3 (after)." in words(answer)
    assert "five days" in answer.content.decode()
    assert not PlanTemplate.objects.exists()


def test_the_dates_are_tried_and_a_row_is_added_without_saving(world: World) -> None:
    lead = signed_in(world.olga)

    tried = lead.post(
        url(PlanTemplate, "add"),
        sent(("Page", "D-5"), ("try", "")) | {"try": "1", "sample": "2026-12-07"},
    )
    more = lead.post(url(PlanTemplate, "add"), sent(("Page", "D-5"), add_row="1"))

    assert "Mon 30 Nov 2026" in words(tried)
    assert "lines-1-title" in more.content.decode()
    assert not PlanTemplate.objects.exists()


def test_one_default_a_kind_and_client_and_that_of_the_client_first(world: World) -> None:
    usual = make_template(world, is_default=True).template
    own = make_template(world, name="Acme", client=world.acme, is_default=True).template
    other = make_client("OTH", world.team, world.alice, world.bob)

    answer = signed_in(world.olga).post(
        url(PlanTemplate, "add"), sent(("Page", "D"), name="Another", is_default="on")
    )

    assert "“Launch” is the default for this kind and client." in words(answer)
    keys = [("new", world.acme.pk), ("new", other.pk), ("change", other.pk)]
    assert default_templates(keys) == {keys[0]: own, keys[1]: usual}


def test_only_leads_change_templates(world: World) -> None:
    version = make_template(world)
    page = url(PlanTemplate, "change", version.template_id)

    assert "Landing page" in signed_in(world.cora).get(page).content.decode()
    assert signed_in(world.alice).post(page, sent(("Page", "D"))).status_code == 403
    with pytest.raises(PermissionDenied):
        save_template(version.template, TemplateContent("", ()), by=by(world.alice), at=NOW)
    assert PlanTemplateVersion.objects.count() == 1


def test_an_empty_template_and_one_that_cannot_be_stored_are_refused(world: World) -> None:
    for content in (TemplateContent(" ", ()), TemplateContent("\x00", lines(("Page", "D")))):
        with pytest.raises(ValidationError):
            save_template(PlanTemplate(name="x"), content, by=by(world.olga), at=NOW)
    assert not PlanTemplate.objects.exists()


@pytest.mark.parametrize(
    "line",
    [7, {"title": ""}, {"format": "film"}, {"role": "boss"}, {"days": True}, {"days": 900},
     {"unit": "weeks"}, {"hours": "-1"}, {"hours": "x"}, {"title": "\ud800"}],
)  # fmt: skip
def test_what_is_no_line_is_refused_with_its_place(line: Any) -> None:
    good = {"title": "Page", "format": "page", "role": "", "days": -1, "unit": "working"}

    with pytest.raises(BadLines, match="Line 2:"):
        read_lines([good, {**good, **line} if isinstance(line, dict) else line])
