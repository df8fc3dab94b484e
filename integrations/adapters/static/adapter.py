"""A static site: a folder of pages that the product serves itself, for clients without a CMS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings

from delivery.deliverables.manifest import FileEntry
from integrations.adapters.static.folder import check_folder, steps_of
from integrations.adapters.static.page import TYPES
from integrations.adapters.static.writer import StaticWriter, page_path, site_url
from integrations.base.adapter import Adapter, Permanent, Writer
from integrations.base.origins import Origin, origin_of
from integrations.base.settings import schema

if TYPE_CHECKING:
    from integrations.base.connections import Connection


class StaticAdapter(Adapter):
    kind = "static"
    publishes = True
    has_folders = True
    calls_out = False

    def writer(self, connection: Connection) -> Writer | None:
        return StaticWriter(connection)

    def content_faults(
        self, content: Mapping[str, Any], files: Sequence[FileEntry], connection: Connection
    ) -> Sequence[str]:
        faults = []
        try:
            steps_of(page_path(content))
        except Permanent as error:
            faults.append(str(error))
        shown = set(TYPES.values())
        faults += [
            f"{file.name}: no page shows files of this type. Use {', '.join(TYPES)}."
            for file in files
            if file.type not in shown
        ]
        return faults

    def home(self, connection: Connection) -> str:
        return site_url(connection)

    def probed(self, connection: Connection) -> frozenset[Origin]:
        return frozenset({origin_of(settings.SITE_URL)})  # ourselves

    def check_address(self, base_url: str, *, inside: bool) -> None:
        if base_url:
            raise ValueError(
                "A static site has no API. Omit --base-url and name its folder with --folder."
            )


def _fault_in_folder(value: Any) -> str:
    try:
        check_folder(value if isinstance(value, str) else "")
    except ValueError as error:
        return str(error)
    return ""


schema(StaticAdapter.kind, folder=_fault_in_folder)
