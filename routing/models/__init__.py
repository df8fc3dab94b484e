from routing.models.clients import Client, Contact, ErasedIdentity, Membership
from routing.models.events import Event
from routing.models.people import Team, TeamMembership, User
from routing.models.seals import Redaction, Seal, SealedRow
from routing.models.work import DoorOnly, RefCounter, WorkItem, WorkNoun

__all__ = [
    "Client",
    "Contact",
    "DoorOnly",
    "ErasedIdentity",
    "Event",
    "Membership",
    "Redaction",
    "RefCounter",
    "Seal",
    "SealedRow",
    "Team",
    "TeamMembership",
    "User",
    "WorkItem",
    "WorkNoun",
]
