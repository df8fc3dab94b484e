"""What happens to a brief."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from delivery.models.briefs import Brief
from routing.door import operation
from routing.roles import AM, EVERYONE, OPS, grant

grant("delivery.view_brief", *EVERYONE)
grant("delivery.view_engagement", *EVERYONE)
grant("delivery.add_engagement", AM, OPS)
grant("delivery.change_engagement", AM, OPS)

edit = operation(Brief, "edit", _("Edit"), may=(AM, OPS), details=("body",))
cancel = operation(Brief, "cancel", _("Cancel"), may=(AM, OPS), needs_reason=True, through_hold=True, danger=True)
