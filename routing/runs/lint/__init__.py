"""Findings about a draft that only what came in so far can show: events and decisions."""
