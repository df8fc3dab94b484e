"""Checks that a flow names, as rows on the page of a flow version."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from delivery.checks.version_checks import VersionCheck
from routing.flows.admin.version_parts import PartOfVersion
from routing.flows.admin.versions import part_of_version


@part_of_version
class ChecksOfVersion(PartOfVersion):
    model = VersionCheck
    fields = ("check_row",)
    verbose_name = _("check of the flow")
    verbose_name_plural = _("Checks of this flow, beside those that look at all work")
