"""Who is away, and who answers for what nobody else does: who may read and change it."""

from __future__ import annotations

from routing.roles import AM, AUDITOR, EVERYONE, INTEGRATIONS, OPS, QA, grant

grant("routing.view_absence", *EVERYONE)
for _verb in ("add", "change", "delete"):
    grant(f"routing.{_verb}_absence", OPS)
grant("routing.view_agency", AM, QA, OPS, INTEGRATIONS, AUDITOR)
grant("routing.change_agency", OPS)
