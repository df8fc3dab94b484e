"""Faults practised on the running product: start one, watch, undo it, and count what is left."""
