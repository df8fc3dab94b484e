"""
Limits on uploads while they arrive, so that files that are too large do not fill the disk.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

MOST_FILES = 20  # of the largest size, in one request


class BoundedUploadHandler(FileUploadHandler):
    """
    Upload handler that drops the rest of a file that is too large. It must come first.
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
        # One chunk more than allowed is passed on, so that ``keep`` sees that the file is too large
        # and can explain it.
        if start > settings.FILE_MAX_BYTES:
            return None
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""
