"""The formats of deliverables."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Format(models.TextChoices):
    PAGE = "page", _("Web page or article")
    FILE = "file", _("Files")
