from routing.models.absences import Absence
from routing.models.agency import Agency
from routing.models.calendars import Calendar, CalendarUse
from routing.models.clients import Client, ClientDomain, Contact, ErasedIdentity, Membership
from routing.models.clocks import Clock, ClockMark, ClockTerms, Escalation
from routing.models.decisions import Decision
from routing.models.destinations import Destination
from routing.models.events import Dispatch, Event, Payload
from routing.models.exceptions import ExceptionCase, ExceptionRoute
from routing.models.files import File
from routing.models.flows import Flow, FlowField, FlowVersion, Trigger
from routing.models.messages import Notification
from routing.models.notes import Note, NoteFile
from routing.models.outcomes import Outcome
from routing.models.people import Team, TeamMembership, User
from routing.models.policies import SLAPolicy, Target
from routing.models.rules import Condition, Rule
from routing.models.runs import Enrichment, Run, RunEvent, RunStep
from routing.models.seals import Redaction, Seal, SealedRow, SealSweep
from routing.models.sendings import Sending
from routing.models.visits import Visit
from routing.models.work import DoorOnly, RefCounter, WorkItem, WorkNoun

__all__ = [
    "Absence",
    "Agency",
    "Calendar",
    "CalendarUse",
    "Client",
    "ClientDomain",
    "Clock",
    "ClockMark",
    "ClockTerms",
    "Condition",
    "Contact",
    "Decision",
    "Destination",
    "Dispatch",
    "DoorOnly",
    "Enrichment",
    "ErasedIdentity",
    "Escalation",
    "Event",
    "ExceptionCase",
    "ExceptionRoute",
    "File",
    "Flow",
    "FlowField",
    "FlowVersion",
    "Membership",
    "Note",
    "NoteFile",
    "Notification",
    "Outcome",
    "Payload",
    "Redaction",
    "RefCounter",
    "Rule",
    "Run",
    "RunEvent",
    "RunStep",
    "SLAPolicy",
    "Seal",
    "SealSweep",
    "SealedRow",
    "Sending",
    "Target",
    "Team",
    "TeamMembership",
    "Trigger",
    "User",
    "Visit",
    "WorkItem",
    "WorkNoun",
]
