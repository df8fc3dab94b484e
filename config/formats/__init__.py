"""Formats of dates and times that have no format of their own, such as values on read-only pages."""
