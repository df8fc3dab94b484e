"""
PostgreSQL and Valkey of our own, from wheels: for the demo, for development and for tests, never
for production.
"""
