"""gunicorn's settings for the API: gunicorn --config Q3b/deploy/gunicorn.conf.py 'api:create_app()'

`python Q3b/api.py` starts it so, and names address, workers and threads on the command line.
"""

import os
import shutil
import signal
import tempfile
from pathlib import Path

pythonpath = str(Path(__file__).resolve().parent.parent)
worker_class = "gthread"
INTERRUPTS = signal.SIGINT, signal.SIGQUIT  # of a terminal, and of gunicorn to its workers
control_socket_disable = True

# Bounds on what one client can hold: seconds, bytes, headers.
timeout = 30
graceful_timeout = 10
keepalive = 30
limit_request_line = 4094  # the longest user id, percent-encoded, takes 3,072
limit_request_fields = 50
limit_request_field_size = 4096


def on_starting(server) -> None:
    """Give the workers a folder in which they count together, before they import the app."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="recommender-metrics-")


def when_ready(server) -> None:
    """Take interrupts, which `api.py` blocks until gunicorn has its handlers."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)


def post_fork(server, worker) -> None:
    """Let a worker load the app undisturbed: an exit amid imports would print tracebacks."""
    signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)


def post_worker_init(worker) -> None:
    """Take interrupts again, also one that came meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)


def child_exit(server, worker) -> None:
    """Forget the gauges of a worker that has gone."""
    # Imported only here: the first import, in each worker, decides where figures are kept.
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server) -> None:
    """Remove the folder."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
