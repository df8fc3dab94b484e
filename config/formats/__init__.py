"""Formats of dates and times without their own, such as values on read-only pages."""
