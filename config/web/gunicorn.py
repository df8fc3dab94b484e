"""
Gunicorn's settings, for `make run` and for production.

Use them with `gunicorn -c python:config.web.gunicorn config.wsgi`.
"""

from __future__ import annotations

import gc
import os
import signal

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from prometheus_client.multiprocess import mark_process_dead

from config.embedded import processes
from config.observe import logs
from config.web.front.limits import RESERVED_THREADS

bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "config.web.front.worker.FrontWorker"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
preload_app = True  # the processes share what they have imported
timeout = 60
graceful_timeout = 15
keepalive = 5
max_requests = 10_000  # limits slow memory leaks
max_requests_jitter = 1_000
limit_request_line = 8190
worker_connections = 2_000  # of each process; when there are more, the one that waits longest goes
# No header names the path of a view, the client's address or its scheme. The scheme is Django's
# business (BEHIND_PROXY), and a client may say nothing else.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
header_map = "drop"
control_socket_disable = True
# Only threads share a pool. Celery's prefork processes keep one connection each.
raw_env = [f"DATABASE_POOL={threads + RESERVED_THREADS}"]
logconfig_dict = logs.config(
    level=os.environ.get("LOG_LEVEL", "INFO"), console=os.environ.get("LOG_FORMAT") == "console"
)


def pre_fork(server: Arbiter, worker: Worker) -> None:
    # The collector would write into each object, and so make a copy of it in each process.
    gc.collect()
    gc.freeze()


def post_fork(server: Arbiter, worker: Worker) -> None:
    processes.die_with(worker.ppid, signal.SIGKILL)  # its own question could come too late


def child_exit(server: Arbiter, worker: Worker) -> None:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
