from delivery.models.requests import Request

__all__ = ["Request"]
