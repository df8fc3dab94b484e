"""The form for another launch date, which shows what moves before it moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.briefs.admin.template_forms import LAUNCH_HELP, PreviewedForm, PreviewRow, of_move
from delivery.briefs.operations import templates
from delivery.campaigns.details import MoveCampaignDetails
from delivery.campaigns.models import Campaign
from delivery.campaigns.operations import campaigns
from routing.desk.forms import date, step_form


@step_form(campaigns.move_launch)
class MoveCampaignForm(PreviewedForm):
    coming = ("launch",)
    asked = ("launch",)

    launch = date(gettext_lazy("Launch date (D)"), required=True, help_text=LAUNCH_HELP)

    def known(self, row: Campaign) -> dict[str, Any]:
        return {"launch": row.launch_date}

    def preview(self) -> Sequence[PreviewRow]:
        found, day = [], self.cleaned_data["launch"]
        briefs = campaigns.current_briefs([row.request_id for row in self.rows])
        for row in self.rows:
            note, changes = _("the launch date"), row.launch_date != day
            found.append(PreviewRow(row.item.title, "", row.launch_date, day, note, changes))
            if brief := briefs.get(row.request_id):
                found += [of_move(each) for each in templates.moves_of(brief, day)]
        return found

    def as_details(self) -> MoveCampaignDetails:
        return MoveCampaignDetails(self.cleaned_data["launch"])
