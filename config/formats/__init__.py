"""Formats of dates and times without a format of their own, as on read-only pages."""
