"""Embedded PostgreSQL and Valkey, installed from wheels. Not for production."""
