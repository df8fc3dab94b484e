from delivery.models.briefs import Brief
from delivery.models.engagements import Engagement
from delivery.models.requests import Request

__all__ = ["Brief", "Engagement", "Request"]
