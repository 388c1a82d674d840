"""Run a script's tasks on a Dask cluster: one flag, one client, one line for every failure.

`connected(None)` yields None, so that a function that takes `client` works with and without a
cluster. Workers need the packages of requirements.txt but not this question's folder: a plugin
writes its modules where they find them. Workers that have the same files already, such as
containers of the job's own image, use those, and with them the loops that numba has compiled.
"""

import logging
import os
import re
import sys
import warnings
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from common.cluster_failures import CONNECT_SECONDS, WORKER_SECONDS, absences, desertion, losses
from common.command_line import OutsideError, UserError

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
ADDRESS = re.compile(r"(tcp|tls)://([^\s/:\[\]]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")
# What must agree between here and the workers: what messages and answers are made by.
PACKAGES = ("numpy", "pandas", "scipy", "numba", "sklearn")

# Bytes of freed memory that workers keep for the next task, and up to which they do; Dask's workers
# would give back nearly all; fetching it again took 40 to 50 % more processor time for a log.
MALLOC = {"MALLOC_TRIM_THRESHOLD_": 256 << 20, "MALLOC_MMAP_THRESHOLD_": 32 << 20}


def add_cluster_argument(parser: ArgumentParser) -> None:
    """Add `--cluster`, with the environment's scheduler as default."""
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        default=os.environ.get("DASK_SCHEDULER_ADDRESS") or None,
        help="run on a Dask cluster: tcp://host:8786, or local to start workers here; also "
        f"DASK_SCHEDULER_ADDRESS; ends if it is without a worker for {WORKER_SECONDS} s",
    )


@contextmanager
def connected(address: str | None) -> "Iterator[Client | None]":
    """Yield a client of the cluster at `address`, of one started here for LOCAL; None for none.

    Raises UserError for what is no address; OutsideError if no cluster answers, if it has no
    worker now or for a while later, if its versions differ from ours, if the scheduler is lost,
    or if a task ends one worker after the other.
    """
    if not address:
        yield None
        return
    import distributed

    for name in ("distributed", "distributed.client"):  # failures are told in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with losses(address), scheduler(address) as found:
        with absences(address):
            client = distributed.Client(found, timeout=CONNECT_SECONDS)
        try:
            with absences(address):
                client.wait_for_workers(1, timeout=WORKER_SECONDS)
            check_versions(client)
            send_modules(client, Path(__file__).parents[1])
            print(description(client, address), file=sys.stderr)
            with desertion(client, address):
                yield client
        finally:
            with suppress(Exception):  # a lost scheduler has been told of already
                client.close(timeout=CONNECT_SECONDS)


@contextmanager
def scheduler(address: str) -> Iterator[Any]:
    """Yield what a client connects to: the address, or a cluster of processes of this machine.

    The latter has a worker of one thread for each processor, which share the memory evenly, and
    listens on 127.0.0.1 alone.
    """
    if address != LOCAL:
        found = ADDRESS.fullmatch(address)
        if not found or not 0 < int(found["port"]) < 2**16:
            raise UserError(f"--cluster {address}: no address such as tcp://host:8786, nor local")
        yield address
        return
    import dask
    from distributed import LocalCluster

    memory = {f"distributed.nanny.pre-spawn-environ.{name}": size for name, size in MALLOC.items()}
    with (
        dask.config.set(memory),
        LocalCluster(
            processes=True,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):
        yield cluster


def check_versions(client: "Client") -> None:
    """Raise OutsideError that names what differs between here, the scheduler and the workers."""
    versions = client.get_versions(packages=list(PACKAGES))
    ours = version_of_each(versions["client"])
    for place, theirs in [("the scheduler", versions["scheduler"]), *versions["workers"].items()]:
        found = version_of_each(theirs)
        wrong = [
            f"{name} {found[name]}, here {ours[name]}" for name in ours if found[name] != ours[name]
        ]
        if wrong:
            raise OutsideError(f"{place} has other versions: {'; '.join(wrong)}; use one image")


def version_of_each(described: dict) -> dict[str, str]:
    """The versions that matter by package; of Python without its last number."""
    found = {name: described["packages"].get(name) for name in ("dask", "distributed", *PACKAGES)}
    return found | {"python": ".".join(described["packages"]["python"].split(".")[:2])}


def send_modules(client: "Client", folder: Path) -> None:
    """Let the scheduler and all workers, later ones too, import the modules of `folder`."""
    from distributed import SchedulerPlugin, WorkerPlugin

    sources = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.py")
        if path.stem.isidentifier()  # not gunicorn.conf.py
    }

    # Plugins defined in here are sent by value: there is no module to import them from yet.
    def place(directory: str) -> None:
        import importlib.util
        import sys
        from pathlib import Path

        def name_of(file: str) -> str:
            return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

        def is_here(file: str) -> bool:
            try:
                found = importlib.util.find_spec(name_of(file))
            except ModuleNotFoundError:  # the package that holds it is not there either
                return False
            return bool(found and found.origin) and (
                Path(found.origin).is_file() and Path(found.origin).read_bytes() == sources[file]
            )

        if all(map(is_here, sources)):
            return
        for file, source in sources.items():
            path = Path(directory) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source)
        outer = {file.partition("/")[0].removesuffix(".py") for file in sources}
        for module in [name for name in sys.modules if name.partition(".")[0] in outer]:
            del sys.modules[module]  # of an earlier version of the folder
        importlib.invalidate_caches()

    class PlaceOnScheduler(SchedulerPlugin):
        name = f"modules of {folder.name}"

        async def start(self, scheduler):
            place(scheduler.local_directory)

    class PlaceOnWorker(WorkerPlugin):
        name = f"modules of {folder.name}"

        def setup(self, worker):
            place(worker.local_directory)

    client.register_plugin(PlaceOnScheduler(), name=f"{PlaceOnScheduler.name} on the scheduler")
    client.register_plugin(PlaceOnWorker())


def description(client: "Client", address: str) -> str:
    """The cluster in a line: workers, memory of each, dashboard."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    limits = sorted({worker["memory_limit"] for worker in workers})
    memory = " to ".join(f"{limit / 2**30:.1f}" for limit in limits[:: max(len(limits) - 1, 1)])
    threads = sum(worker["nthreads"] for worker in workers)
    return (
        f"cluster {address}: workers {len(workers)}, threads {threads}, memory of a worker at "
        f"most {memory} GiB; dashboard {client.dashboard_link}"
    )


def sent(client: "Client", data: Any) -> "Future":
    """Send data to the workers as a task's result, which Dask makes again if its holders die.

    Scattered data would be lost with them: Dask keeps one copy of what no task is waiting for.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")
        return client.submit(itself, data, pure=False)


def itself(data: Any) -> Any:
    """The data."""
    return data


def completed(futures: "Iterable[Future]", title: str = "", unit: str = "task") -> Iterator[tuple]:
    """Yield (future, result) as tasks are done, with progress on standard error if titled."""
    from distributed import as_completed

    futures = list(futures)
    hidden = None if title else True
    with tqdm(total=len(futures), desc=title, unit=unit, disable=hidden) as progress:
        for future, result in as_completed(futures, with_results=True):
            if isinstance(result, CancelledError):  # yielded, not raised, if a scheduler is lost
                raise result
            progress.update()
            yield future, result
