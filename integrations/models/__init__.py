from integrations.models.connections import Connection
from integrations.models.inbound import Inbound
from integrations.models.links import ExternalLink
from integrations.models.outbound import Attempt, Outbound

__all__ = ["Attempt", "Connection", "ExternalLink", "Inbound", "Outbound"]
