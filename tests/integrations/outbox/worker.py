"""
A worker as a process of its own, to be killed: ``python -m tests.integrations.outbox.worker FOLDER
[stall]`` delivers until nothing is due.

The other side is a folder, a file an object, and every creation makes a new one: what is done twice
is seen. With ``stall`` it says so once something was written there, and never comes to write down
the result.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import django

django.setup()

from integrations.adapters import registry  # noqa: E402  # models need the apps
from integrations.base.adapter import (  # noqa: E402
    Adapter,
    ClientlessWriter,
    OutboxMessage,
    Writer,
    Written,
)
from integrations.models import Connection  # noqa: E402
from integrations.outbox.deliver import deliver_due  # noqa: E402
from tests.world import NOW  # noqa: E402


class Folder(Adapter):
    kind = "shelf"

    def __init__(self, folder: Path, *, stall: bool = False) -> None:
        self.folder, self.stall = folder, stall

    def writer(self, connection: Connection) -> Writer | None:
        return FolderWriter(self.folder, stall=self.stall)


class FolderWriter(ClientlessWriter):
    consistency_delay_s = 1.0

    def __init__(self, folder: Path, *, stall: bool) -> None:
        self.folder, self.stall = folder, stall

    def find(self, message: OutboxMessage) -> Written | None:
        found = [
            path
            for path in sorted(self.folder.glob("*.json"))
            if json.loads(path.read_text())["object"] == message.object_key
        ]
        return Written(found[0].stem) if found else None

    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        key = known.remote_id if known else uuid4().hex
        before = json.loads((self.folder / f"{key}.json").read_text())["writes"] if known else []
        whole = {
            "object": message.object_key,
            "content": dict(message.content),
            "writes": [*before, message.key],
        }
        draft = self.folder / f"{key}.draft"
        draft.write_text(json.dumps(whole))
        draft.rename(self.folder / f"{key}.json")
        if self.stall:
            print("committed", flush=True)
            time.sleep(600)
        time.sleep(0.01)  # the other side takes its time to answer
        return Written(key)

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        there = json.loads((self.folder / f"{written.remote_id}.json").read_text())
        return [] if there["content"] == dict(message.content) else ["The content differs."]


if __name__ == "__main__":
    registry._ADAPTERS["shelf"] = Folder(Path(sys.argv[1]), stall="stall" in sys.argv)
    print("ready", flush=True)
    for minutes in range(0, 400, 4):  # time passes, so that the leases of the killed run out
        deliver_due(clock=lambda minutes=minutes: NOW + timedelta(minutes=minutes))  # type: ignore[misc]
