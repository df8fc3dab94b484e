from delivery.admin import approvals, brief_forms, briefs, checks, deliverables, engagements, requests, stages, step_forms, uploads

__all__ = ["approvals", "brief_forms", "briefs", "checks", "deliverables", "engagements", "requests", "stages", "step_forms", "uploads"]
