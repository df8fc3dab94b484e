"""The content security policy of each page: strict, except for what Unfold needs in the admin."""

from __future__ import annotations

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.web.routes import DESK, is_below


class PolicyMiddleware(CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and is_below(request, DESK):
            parts.replace = settings.ADMIN_POLICY | (parts.replace or {})
        return parts
