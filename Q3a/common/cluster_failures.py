"""What ends a run on a Dask cluster, each told in one line: nobody there, or all of them lost.

The same file stands in the folder of each question that uses it; a test keeps the copies equal.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING

from common.command_line import OutsideError, UserError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10
WORKER_SECONDS = 60  # how long a cluster may be without any worker, at the start or later
LOOK_SECONDS = 2  # between looks for workers


@contextmanager
def absences(address: str) -> Iterator[None]:
    """Turn the failures of connecting into one line each."""
    try:
        yield
    except (ValueError, TypeError) as error:  # Dask's check of addresses, and of tls's settings
        raise UserError(f"--cluster {address}: {error}") from error
    except TimeoutError as error:
        raise OutsideError(
            f"cluster {address}: no worker came within {WORKER_SECONDS} s; start one"
        ) from error
    except OSError as error:
        raise OutsideError(f"cluster {address}: no scheduler answers there") from error


@contextmanager
def losses(address: str) -> Iterator[None]:
    """Turn the failures of a cluster at work into one line each."""
    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise OutsideError(
            f"cluster {address}: a task ended {error.allowed_failures + 1} workers one after the "
            "other, as for want of memory; give each worker more"
        ) from error
    except (CancelledError, CommClosedError) as error:
        of_workers = "connection" not in getattr(error, "reason", "connection")
        lost = (
            "all workers that held the data were lost" if of_workers else "the scheduler was lost"
        )
        raise OutsideError(f"cluster {address}: {lost}; run again") from error


@contextmanager
def desertion(client: "Client", address: str) -> Iterator[None]:
    """Raise OutsideError once the cluster has had no worker for WORKER_SECONDS.

    Dask would wait for the next worker for ever. Closing the client ends whatever waits for it.
    """
    done, deserted = threading.Event(), threading.Event()

    def look() -> None:
        seen = time.monotonic()
        while not done.wait(LOOK_SECONDS):
            try:
                workers = client.nthreads()
            except Exception:  # the scheduler is lost, which whatever waits is told of by Dask
                return
            if workers:
                seen = time.monotonic()
            elif time.monotonic() - seen > WORKER_SECONDS:
                deserted.set()
                client.close(timeout=CONNECT_SECONDS)
                return

    looking = threading.Thread(target=look, name="looks for workers", daemon=True)
    looking.start()
    try:
        yield
    except Exception as error:
        if not deserted.is_set():
            raise
        raise OutsideError(
            f"cluster {address}: no worker was left for {WORKER_SECONDS} s; start one and run again"
        ) from error
    finally:
        done.set()
        looking.join(CONNECT_SECONDS)
