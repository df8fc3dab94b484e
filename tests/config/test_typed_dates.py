"""D8: days that people type have one meaning, whatever the language of the page."""

from __future__ import annotations

from datetime import date

import pytest
from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.utils import translation

from routing.kernel.entered import Day

LANGUAGES = pytest.mark.parametrize("language", ["en", "de"])


@LANGUAGES
@pytest.mark.parametrize("text", ["2026-03-31", "31.03.2026", "31 March 2026", "Mar 31, 2026"])
def test_d8_a_day_is_read_as_it_is_written(text: str, language: str) -> None:
    with translation.override(language):
        assert Day().clean(text) == date(2026, 3, 31)


@LANGUAGES
@pytest.mark.parametrize("text", ["03/04/2026", "3/4/26", "03-04-2026", "31/03/2026", "next week"])
def test_d8_a_day_that_can_be_two_is_refused(text: str, language: str) -> None:
    with translation.override(language), pytest.raises(ValidationError, match="such as 2026-12-24"):
        Day().clean(text)


@LANGUAGES
def test_d8_the_day_of_a_time_is_read_in_the_same_way(language: str) -> None:
    field = forms.SplitDateTimeField(widget=AdminSplitDateTime())
    with translation.override(language):
        assert field.clean(["2026-04-03", "10:00"]).day == 3
        with pytest.raises(ValidationError):
            field.clean(["03/04/2026", "10:00"])
