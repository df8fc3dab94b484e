"""
Limits on uploads while they arrive, so that nobody fills the disk with files that would be refused
anyway.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

MOST_FILES = 20  # of the largest size, in one request


class BoundedUploadHandler(FileUploadHandler):
    """
    First of the handlers: passes on a little more than the largest file, so that ``keep`` sees it
    is too large, and drops the rest.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        """:raises RequestDataTooBig: before anything is read"""
        if content_length > settings.FILE_MAX_BYTES * MOST_FILES:
            raise RequestDataTooBig("The request is larger than any upload may be.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return raw_data if start <= settings.FILE_MAX_BYTES else None

    def file_complete(self, file_size: int) -> None:
        """The next handler makes the file."""
