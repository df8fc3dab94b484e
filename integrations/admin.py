from integrations.connections.admin import connections, links
from integrations.inbox import admin as inbound
from integrations.incidents.admin import incidents
from integrations.outbox import admin as outbound
from integrations.reconcile import admin as discrepancies

__all__ = ["connections", "discrepancies", "inbound", "incidents", "links", "outbound"]
