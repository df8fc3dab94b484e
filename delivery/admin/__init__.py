from delivery.admin import requests

__all__ = ["requests"]
