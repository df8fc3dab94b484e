"""
Django's admin app with the desk as its site.

Apps are loaded before models, so the site is named by a string and imported later.
"""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class DeskAdminConfig(AdminConfig):
    default = True
    default_site = "config.desk.site.DeskSite"
