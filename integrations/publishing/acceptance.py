"""Find what a connection would not take as it is, before the content is approved."""

from __future__ import annotations

from collections.abc import Sequence

from delivery.deliverables.acceptance import PlacedContent, finds_faults
from integrations.adapters.registry import adapter_of
from integrations.publishing.publish import connection_of, content_of_manifest


@finds_faults
def faults_of_connection(placed: PlacedContent) -> Sequence[str]:
    """Return one sentence for each fault. Without a connection, publishing itself says so."""
    connection = connection_of(placed.destination)
    adapter = adapter_of(connection.kind) if connection else None
    if connection is None or adapter is None:
        return ()
    content = content_of_manifest(placed.manifest, placed.destination)
    return adapter.content_faults(content, placed.manifest.files, connection)
