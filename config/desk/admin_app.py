"""
Django's admin as an app, with the desk as its site.

Loaded before models: the site is imported by name, later.
"""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class DeskAdminConfig(AdminConfig):
    default = True
    default_site = "config.desk.site.DeskSite"
