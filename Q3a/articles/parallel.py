"""Where joblib's loops run: on all cores of this machine, or on the cluster that is connected."""

from common.command import OutsideError

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

import joblib
from joblib import Parallel, cpu_count, delayed, parallel_config

TESTED = "1.6.0"  # joblib, whose backends `backend_class` hands out
Result = TypeVar("Result")
LOSSES = 3  # of workers that a loop outlasts


def cluster_client():
    """The client of the connected cluster, or None."""
    if "distributed" not in sys.modules:  # takes time to load, and only clusters need it
        return None
    from distributed import default_client

    try:
        return default_client()
    except ValueError:
        return None


def outlasting_losses(loop: Callable[[], Result]) -> Result:
    """What `loop` does, run again if a worker's end took data of its tasks along.

    joblib sends data to workers beforehand, and Dask cannot make again what was sent.
    """
    for _ in range(LOSSES):
        try:
            return loop()
        except CancelledError:
            client = cluster_client()
            if client is None or client.status != "running":
                raise
    return loop()


def on_all_cores() -> AbstractContextManager:
    """Within it, joblib's loops run in processes of this machine, or on a connected cluster.

    A loop within a task, such as over a forest's trees, stays in it.
    """
    if cluster_client() is None:
        start_quiet_workers()
        return nullcontext()
    return on_cluster()


def in_threads(*data) -> AbstractContextManager:
    """Within it, joblib's loops run in threads of this process, or on a connected cluster.

    Threads suit work that gives the lock of the interpreter free, as scikit-learn's solvers and
    trees do: they start at once and share the articles. The `data` that the tasks of a loop share
    go to the workers of a cluster once, not with every task; see `outlasting_losses` for a worker
    that ends with the last copy.
    """
    return parallel_config("threading") if cluster_client() is None else on_cluster(*data)


def on_cluster(*data) -> AbstractContextManager:
    """Within it, joblib's loops run on the connected cluster, whose workers get `data` first."""
    client = cluster_client()
    client.register_plugin(one_core_per_task())
    return parallel_config(failing_backend(client, list(data)))


def start_quiet_workers() -> None:
    """Start joblib's processes, unless they run, with no standard error of their own.

    Ctrl-C reaches them too, and each would print a traceback. This process reports the
    interrupt, and whatever goes wrong in a task comes back to it as an exception.
    """
    with without_stderr():
        Parallel(n_jobs=-1)(delayed(int)() for _ in range(cpu_count()))


@contextmanager
def without_stderr() -> Iterator[None]:
    """Let processes that are started in the block write their standard error to nowhere."""
    try:
        kept = os.dup(2)
    except OSError:  # closed by `2>&-`
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def backend_class(name: str, *methods: str, **settings) -> type:
    """Return the class of one of joblib's backends, which must have the `methods`.

    joblib exports only the names of its backends; their methods are described in
    joblib.parallel.ParallelBackendBase, but may change. Tested with joblib 1.6.0. Raises
    OutsideError where one is missing.
    """
    with parallel_config(name, **settings) as config:
        found = type(config["backend"])
    if missing := [method for method in methods if not hasattr(found, method)]:
        raise OutsideError(
            f"joblib {joblib.__version__}: its backend {name} has no {' and no '.join(missing)};"
            f" --cluster was tested with joblib {TESTED}: install that, or leave out --cluster"
        )
    return found


def failing_backend(client, data: list):
    """Return joblib's backend for Dask, made to end its loop when Dask gives a task up.

    Joblib receives results alone, among which are the errors of our functions. Of a task that
    ended worker after worker, or whose function no worker can read, it would wait for ever.
    """
    backend = backend_class("dask", "submit", "retrieve_result_callback", client=client)

    class FailingBackend(backend):
        def submit(self, func, callback=None):
            def tell(done) -> None:
                if error := done.exception():
                    callback(error)

            future = super().submit(func, callback)
            future.add_done_callback(tell)
            return future

        def retrieve_result_callback(self, out):
            if isinstance(out, Exception):
                raise out
            return super().retrieve_result_callback(out)

    return FailingBackend(client=client, scatter=data)


def one_core_per_task():
    """A plugin of workers: joblib would send the loops within a task to the cluster too."""
    from distributed import WorkerPlugin

    class OneCorePerTask(WorkerPlugin):
        name = "one core per task"

        def setup(self, worker):
            joblib.register_parallel_backend("dask", backend_class("sequential"))

    return OneCorePerTask()
