"""The operators of conditions in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from routing.work.gates import Words

OPERATORS: Mapping[str, Words] = {
    "equals": _("is"),
    "not_equals": _("is not"),
    "at_least": _("is at least"),
    "below": _("is below"),
    "one_of": _("is one of"),
    "contains": _("contains"),
    "known": _("is set"),
    "unknown": _("is not set"),
}
