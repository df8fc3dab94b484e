from routing.audit.entries import AuditEntry
from routing.audit.models import Erasure, Redaction, Seal, SealedRow, SealSweep
from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.desk.export_jobs import Export, ExportRecord
from routing.desk.saved_views import View
from routing.desk.sendings import Sending
from routing.desk.visits import Visit
from routing.figures.models import Rollup, RollupState
from routing.flows.approval import PublishApproval
from routing.flows.checklist import ChecklistAnswer
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger, VersionAction
from routing.flows.proposal import FlowProposal
from routing.flows.recurrences import Recurrence, Schedule
from routing.flows.review import FlowReview, ReviewAnswer, ReviewSample
from routing.flows.rules import Condition, Rule
from routing.flows.switch_off import SwitchOff
from routing.flows.value_streams import ValueStream
from routing.kernel.events import Dispatch, Event, Payload
from routing.messages.models import Notification
from routing.people.clients import Client, ClientDomain, Contact, ErasedIdentity, Membership
from routing.people.destinations import Destination
from routing.people.merges import ClientMerge
from routing.people.security import SecurityEvent
from routing.people.staff import Team, TeamMembership, User
from routing.runs.claims import EventClaim
from routing.runs.decisions import Decision
from routing.runs.exceptions import ExceptionCase, ExceptionRoute
from routing.runs.held_events import HeldEvent
from routing.runs.models import Enrichment, Run, RunEvent, RunStep
from routing.runs.outcomes import Outcome
from routing.runs.proofs import VersionProof
from routing.runs.version_routes import VersionRoute
from routing.sla.calendars import Calendar, CalendarUse
from routing.sla.clocks import Clock, ClockMark, ClockTerms, Escalation
from routing.sla.policies import SLAPolicy, Target
from routing.sla.promise_changes import ClockRevision, PromiseChange
from routing.work.files import File
from routing.work.items import DoorOnly, RefCounter, WorkItem, WorkNoun
from routing.work.notes import Note, NoteFile
from routing.work.previews import ImagePreview

__all__ = [
    "Absence",
    "Agency",
    "AuditEntry",
    "Calendar",
    "CalendarUse",
    "ChecklistAnswer",
    "Client",
    "ClientDomain",
    "ClientMerge",
    "Clock",
    "ClockMark",
    "ClockRevision",
    "ClockTerms",
    "Condition",
    "Contact",
    "Decision",
    "Destination",
    "Dispatch",
    "DoorOnly",
    "Enrichment",
    "ErasedIdentity",
    "Erasure",
    "Escalation",
    "Event",
    "EventClaim",
    "ExceptionCase",
    "ExceptionRoute",
    "Export",
    "ExportRecord",
    "File",
    "Flow",
    "FlowField",
    "FlowProposal",
    "FlowReview",
    "FlowVersion",
    "HeldEvent",
    "ImagePreview",
    "Membership",
    "Note",
    "NoteFile",
    "Notification",
    "Outcome",
    "Payload",
    "PromiseChange",
    "PublishApproval",
    "Recurrence",
    "Redaction",
    "RefCounter",
    "ReviewAnswer",
    "ReviewSample",
    "Rollup",
    "RollupState",
    "Rule",
    "Run",
    "RunEvent",
    "RunStep",
    "SLAPolicy",
    "Schedule",
    "Seal",
    "SealSweep",
    "SealedRow",
    "SecurityEvent",
    "Sending",
    "SwitchOff",
    "Target",
    "Team",
    "TeamMembership",
    "Trigger",
    "User",
    "ValueStream",
    "VersionAction",
    "VersionProof",
    "VersionRoute",
    "View",
    "Visit",
    "WorkItem",
    "WorkNoun",
]
