"""Signing in to the desk, and reading its pages."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.db import models
from django.test import Client as Browser
from django.urls import reverse

from routing.people.staff import User


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def url(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def words(response: Any) -> str:
    """Return the text of a page without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def filled(page: Any) -> dict[str, Any]:
    """Return the data that a browser would send back of a page's form, unchanged."""
    form, sent = page.context["adminform"].form, {}
    for each in [
        form,
        *(
            f
            for fs in page.context["inline_admin_formsets"]
            for f in [fs.formset.management_form, *fs.formset.forms]
        ),
    ]:
        for field in each:
            value = (
                field.field.prepare_value(field.value())
                if hasattr(field.field, "prepare_value")
                else field.value()
            )
            if value is True:
                sent[field.html_name] = "on"
            elif value is not None and value is not False:
                sent[field.html_name] = value
    return sent
