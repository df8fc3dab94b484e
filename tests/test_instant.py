"""
The instant at which tests run is also that of the processes they start, `make test AT=…` or not.
"""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.processes import PATIENCE_S


@pytest.mark.real_clock
def test_a_process_lives_at_the_instant_of_the_test_that_started_it() -> None:
    before = time.time()

    said = subprocess.check_output(
        [sys.executable, "-c", "import time; print(time.time())"], text=True, timeout=PATIENCE_S
    )

    assert before - 1 < float(said) < time.time() + 1
