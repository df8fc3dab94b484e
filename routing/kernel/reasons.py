"""Reason codes of exceptions: the kinds of problems that only a person can resolve."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    """Reason code. A system check requires an exception route for each one."""

    MISSING_FIELDS = "missing_fields", _("Required information missing")
    MISSING_CONTEXT = "missing_context", _("Client unclear")
    DUPLICATE = "duplicate", _("Several clients match")
    FAILED_CONNECTOR = "failed_connector", _("Credentials refused")
    CONFLICTING_DUPLICATE = "conflicting_duplicate", _("Conflicting duplicate event")
    NO_RULE = "no_rule", _("No routing rule matches")
    NOBODY_AVAILABLE = "nobody_available", _("Nobody available")
    FAILED_STEP = "failed_step", _("Step keeps failing")
    ROUNDS_EXCEEDED = "rounds_exceeded", _("Change rounds exceeded")
    REJECTED = "rejected", _("Deliverable rejected")
    OUTCOME_MISSING = "outcome_missing", _("Published page not visible")
    OUTCOME_DECAYED = "outcome_decayed", _("Proof no longer holds")
    PROOF_MISSING = "proof_missing", _("Expected proof is missing")
    NO_ANSWER = "no_answer", _("No answer in time")
    APPROVERS_MISSING = "approvers_missing", _("Too few approvers left")
    CONNECTION_FAILING = "connection_failing", _("Connection keeps failing")
    FAILED_DELIVERY = "failed_delivery", _("Delivery to external system failed")
    UNREADABLE = "unreadable", _("Received data cannot be read")
    TRIGGER_SILENT = "trigger_silent", _("Events stopped coming")
    UNCLAIMED_EVENTS = "unclaimed_events", _("Events that no flow takes")
    FORM_CHANGED = "form_changed", _("Events have other fields")
    REMOTE_CONFLICT = "remote_conflict", _("Changed or removed in external system")
    SECURITY_ALARM = "security_alarm", _("Security alarm")
    ACTION_REFUSED = "action_refused", _("Action of a flow was refused")
    TAKE_DOWN = "take_down", _("Launch to be taken down")
    FLOW_OFF = "flow_off", _("Flow is switched off")
    COVER_GAP = "cover_gap", _("Nobody covers the work")
