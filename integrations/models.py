from integrations.base.connections import Connection
from integrations.base.links import ExternalLink
from integrations.inbox.models import Inbound
from integrations.inbox.payload_shapes import PayloadShape, ShapeChange
from integrations.incidents.models import Incident, IncidentMessage, IncidentPause
from integrations.outbox.discrepancies import Discrepancy
from integrations.outbox.models import Attempt, Outbound, WorkerBeat

__all__ = [
    "Attempt",
    "Connection",
    "Discrepancy",
    "ExternalLink",
    "Inbound",
    "Incident",
    "IncidentMessage",
    "IncidentPause",
    "Outbound",
    "PayloadShape",
    "ShapeChange",
    "WorkerBeat",
]
