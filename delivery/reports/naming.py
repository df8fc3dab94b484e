"""The name of the agency, as its reports bear it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from routing.cover.agency import Agency


def agency_name() -> str:
    return Agency.objects.values_list("name", flat=True).first() or _("The agency")
