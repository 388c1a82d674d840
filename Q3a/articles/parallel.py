"""Where joblib's loops run: on all cores of this machine, or on the cluster that is connected."""

import shutil
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from joblib import parallel_config

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


def on_all_cores(*data) -> AbstractContextManager:
    """Within it, joblib's loops run on the cluster if there is one.

    The `data` that the tasks of a loop share go to the workers once, not with every task; see
    `outlasting_losses` for a worker that ends with the last copy. A loop within a task, such
    as over a forest's trees, stays in it.
    """
    client = cluster_client()
    if client is None:
        return nullcontext()
    client.register_plugin(one_core_per_task())
    return parallel_config(told_of_failures(client, list(data)))


def told_of_failures(client, data: list):
    """Joblib's backend for Dask, made to end its loop when Dask gives a task up.

    Joblib is told of results alone, among which are the errors of our functions. Of a task that
    ended worker after worker, or whose function no worker can read, it would wait for ever.
    """
    from joblib._dask import DaskDistributedBackend

    class ToldOfFailures(DaskDistributedBackend):
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

    return ToldOfFailures(client=client, scatter=data)


def remove_from_workers(folder: str) -> None:
    """Remove a folder that tasks wrote on the workers' own disks."""
    client = cluster_client()
    if client is not None:
        client.run(shutil.rmtree, folder, ignore_errors=True)


def one_core_per_task():
    """A plugin of workers: joblib would send the loops within a task to the cluster too."""
    from distributed import WorkerPlugin

    class OneCorePerTask(WorkerPlugin):
        name = "one core per task"

        def setup(self, worker):
            from joblib import register_parallel_backend
            from joblib._parallel_backends import SequentialBackend

            register_parallel_backend("dask", SequentialBackend)

    return OneCorePerTask()
