"""
PostgreSQL and Valkey of our own, from wheels.

For the demo, for development and for tests, never for production.
"""
