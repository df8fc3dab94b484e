from integrations.admin import connections, inbound, links, outbound

__all__ = ["connections", "inbound", "links", "outbound"]
