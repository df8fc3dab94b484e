from integrations.connections.admin import connections, links
from integrations.inbox import admin as inbound
from integrations.outbox import admin as outbound

__all__ = ["connections", "inbound", "links", "outbound"]
