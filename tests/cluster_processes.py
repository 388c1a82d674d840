"""A Dask cluster of real processes on this machine: a scheduler and workers, to be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from distributed import Client, WorkerPlugin

from tests.conftest import ROOT, START_SECONDS, clean_environment


class Cluster:
    """A scheduler and two workers of one thread; workers that die are started again by nannies."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder, self.processes = folder, []
        self.environment = os.environ | environment

    def begin(self) -> None:
        """Start all and wait until the workers are there."""
        self.scheduler = self.start("scheduler", "--port", "0", "--no-dashboard")
        self.address = self.wait_for_address()
        for number in range(2):
            self.start(
                *("worker", self.address, "--nthreads", "1", "--name", f"worker-{number}"),
                *("--no-dashboard", "--local-directory", str(self.folder)),
            )
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=START_SECONDS)

    def start(self, kind: str, *arguments: str) -> subprocess.Popen:
        """Start `dask scheduler` or `dask worker`."""
        extra = ("--scheduler-file", str(self.file)) if kind == "scheduler" else ()
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", kind, *arguments, *extra, "--host", "127.0.0.1"],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    @property
    def file(self) -> Path:
        """Where the scheduler writes its address."""
        return self.folder / "scheduler.json"

    def wait_for_address(self) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.file.exists() and (text := self.file.read_text(encoding="utf-8")):
                return json.loads(text)["address"]
            time.sleep(0.1)
        raise TimeoutError((self.folder / "log.txt").read_text(encoding="utf-8"))

    def wait_until_busy(self) -> dict[str, int]:
        """Wait until both workers have tasks; return the process of each."""
        end = time.monotonic() + START_SECONDS
        with Client(self.address, set_as_default=False) as client:
            pids = client.run(os.getpid)
            while time.monotonic() < end:
                busy = [worker for worker, tasks in client.processing().items() if tasks]
                if len(busy) == 2:
                    return {worker: pids[worker] for worker in busy}
                time.sleep(0.02)
        raise TimeoutError("the cluster was never busy")

    def wait_for(self, named: str) -> None:
        """Wait until a worker has a task whose name begins so."""
        end = time.monotonic() + START_SECONDS
        with Client(self.address, set_as_default=False) as client:
            while time.monotonic() < end:
                tasks = (task for of_one in client.processing().values() for task in of_one)
                if any(str(task).startswith(named) for task in tasks):
                    return
                time.sleep(0.02)
        raise TimeoutError(f"no worker had a task {named}")

    def kill_a_busy_worker(self) -> None:
        """Kill a worker that is at work."""
        os.kill(next(iter(self.wait_until_busy().values())), signal.SIGKILL)

    def kill_a_worker_after(self, tasks: int, named: str) -> Path:
        """Let the worker die that is the first to have done so many tasks whose name begins so.

        Return the file that holds its process then. Waiting for such a moment from outside would
        miss it where tasks take a millisecond.
        """
        file = self.folder / "killed"

        class Killer(WorkerPlugin):
            name = "killer"

            def setup(self, worker):
                self.done = 0

            def transition(self, key, start, finish, **kwargs):
                self.done += finish == "memory" and key.startswith(named)
                if self.done == tasks:
                    with suppress(FileExistsError), file.open("x") as mark:
                        mark.write(str(os.getpid()))
                        mark.flush()
                        os.kill(os.getpid(), signal.SIGKILL)

        with Client(self.address, set_as_default=False) as client:
            client.register_plugin(Killer())
        return file

    def stop_workers(self) -> None:
        """End the workers, and the nannies that would start them again."""
        for process in self.processes[1:]:
            process.terminate()

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def started(script: Path, *arguments: str | Path) -> subprocess.Popen:
    """Start a script whose cluster is to lose something before it is done."""
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@contextmanager
def cluster_of_processes(folder: Path, **environment: str) -> Iterator[Cluster]:
    """Yield a cluster that ends with the block."""
    cluster = Cluster(folder, environment)
    try:
        cluster.begin()
        yield cluster
    finally:
        cluster.stop()
