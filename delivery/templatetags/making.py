"""Words for the pages of what is made."""

from django import template

from delivery.deliverables.versions import Version

register = template.Library()


@register.filter
def field_name(name: str) -> str:
    """A field of a version as a person calls it."""
    return str(Version._meta.get_field(name).verbose_name).capitalize()  # type: ignore[union-attr]  # fields of versions have one
