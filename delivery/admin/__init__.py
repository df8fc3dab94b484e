from delivery.admin import briefs, engagements, requests

__all__ = ["briefs", "engagements", "requests"]
