from delivery.admin import approvals, brief_forms, briefs, deliverables, engagements, requests, step_forms, uploads

__all__ = ["approvals", "brief_forms", "briefs", "deliverables", "engagements", "requests", "step_forms", "uploads"]
