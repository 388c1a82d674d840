"""A Dask cluster, whose processes run the same checkout or image; each failure is one line."""

from common.command import OutsideError, UserError

import hashlib
import logging
import signal
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from pkgutil import walk_packages

import click

FOLDER = Path(__file__).resolve().parents[1]
CONNECT_SECONDS, WORKER_SECONDS = 10, 60  # for the scheduler to answer; without any worker
PACKAGES = ("dask", "distributed", "numpy", "pandas", "scipy", "numba", "scikit-learn")
MALLOC = {"MALLOC_TRIM_THRESHOLD_": 256 << 20, "MALLOC_MMAP_THRESHOLD_": 32 << 20}  # bytes

HELP = "Run on a Dask cluster: tcp://host:8786, or `local` to start workers on this machine."
OPTION = {"metavar": "ADDRESS", "envvar": "DASK_SCHEDULER_ADDRESS", "show_envvar": True}
cluster_option = click.option("--cluster", help=HELP, **OPTION)


@contextmanager
def connected(address: str | None):
    """Yield a client of the cluster at `address`, `local` being a new one; None without address."""
    if not address:
        yield None
        return
    import distributed

    for name in ("distributed", "distributed.client"):  # each failure is reported in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with ExitStack() as stack:
            yield connect(address, stack)
        return
    except distributed.KilledWorker as error:
        problem = f"a task ended {error.allowed_failures + 1} workers: give each more memory"
    except distributed.scheduler.NoWorkerError as error:
        problem = f"no worker was left for {error.timeout:.0f} s: start one and run again"
    except (distributed.CancelledError, distributed.comm.CommClosedError) as error:
        data = "connection" not in getattr(error, "reason", "connection")
        lost = "all workers that held the data were" if data else "the scheduler was"
        problem = f"{lost} lost: run again"
    raise OutsideError(f"cluster {address}: {problem}")


def connect(address: str, stack: ExitStack):
    """Return a client of a cluster that has a worker and runs what runs here."""
    from dask import config, distributed

    target = address
    try:
        if address == "local":  # workers reached from here alone, which keep the memory they free
            spawn = {f"distributed.nanny.pre-spawn-environ.{name}": MALLOC[name] for name in MALLOC}
            stack.enter_context(config.set(spawn))
            own = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "threads_per_worker": 1}
            if hasattr(signal, "SIG_BLOCK"):  # half a cluster cannot be closed
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            target = stack.enter_context(
                distributed.LocalCluster(silence_logs=logging.CRITICAL, **own)
            )
            if hasattr(signal, "SIG_BLOCK"):
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        client = stack.enter_context(distributed.Client(target, timeout=CONNECT_SECONDS))
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except (ValueError, TypeError) as error:  # Dask's check of addresses, and of tls's settings
        with suppress(ValueError):  # its default client would be one that could not start
            distributed.default_client().close()
        raise UserError(f"--cluster {address}: {error}; write tcp://host:8786 or local") from None
    except TimeoutError:
        raise OutsideError(f"cluster {address}: no worker came in {WORKER_SECONDS} s") from None
    except OSError:
        raise OutsideError(f"cluster {address}: no scheduler answers there") from None
    here = fingerprint(modules := sorted(it.name for it in walk_packages([str(FOLDER)])))
    try:
        found = {"the scheduler": client.run_on_scheduler(fingerprint, modules, WORKER_SECONDS)}
        found |= client.run(fingerprint, modules)
    except (ImportError, AttributeError):
        raise OutsideError(f"cluster {address}: {FOLDER.name} is not on its PYTHONPATH") from None
    for place, there in found.items():
        if wrong := [f"{it} {there[it]}, here {here[it]}" for it in here if there[it] != here[it]]:
            raise OutsideError(f"{place} has other versions: {'; '.join(wrong)}; use one image")
    click.echo(f"{address}: workers {len(client.nthreads())}, {client.dashboard_link}", err=True)
    return client


def fingerprint(modules: list[str], limit: float = 0, dask_scheduler=None) -> dict[str, str]:
    """Return what must agree: versions, and the code that this process would import."""
    from importlib import metadata, util

    if getattr(dask_scheduler, "no_workers_timeout", limit) is None:  # tasks would wait for ever
        dask_scheduler.no_workers_timeout = limit  # seconds
    code = b"".join(Path(util.find_spec(name).origin).read_bytes() for name in modules)
    found = {name: metadata.version(name) for name in PACKAGES}
    return found | {"code": hashlib.sha256(code).hexdigest()[:8], "Python": sys.version[:4]}
