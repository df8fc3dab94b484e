from integrations.models.connections import Connection
from integrations.models.inbound import Inbound
from integrations.models.links import ExternalLink

__all__ = ["Connection", "ExternalLink", "Inbound"]
