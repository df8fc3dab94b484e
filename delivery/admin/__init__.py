from delivery.admin import approvals, briefs, deliverables, engagements, requests, step_forms, uploads

__all__ = ["approvals", "briefs", "deliverables", "engagements", "requests", "step_forms", "uploads"]
