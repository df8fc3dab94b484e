"""
Let a Python process live at the instant of ``make test AT=…``, like the process that started it.

Python imports a module of this name when it starts; tests.plugin puts this folder on the path of
whatever tests start, and calls it itself. The wall clock is off by a constant and runs on.
Monotonic time, by which code waits, is left alone.
"""

import os
import time
from datetime import timedelta

import time_machine

time_machine.travel(timedelta(seconds=float(os.environ["CLOCK_OFFSET_S"]))).start()
time.time()  # the clock begins to run when it is first asked
