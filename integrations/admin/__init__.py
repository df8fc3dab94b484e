from integrations.admin import connections, inbound, links

__all__ = ["connections", "inbound", "links"]
