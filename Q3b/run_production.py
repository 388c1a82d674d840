#!/usr/bin/env python3
"""The production way once, on this machine: the daily job, its store, the API, one request."""

from common.command import Command, OutsideError

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from evaluation.child import child, end_by_sigterm

HERE = Path(__file__).resolve().parent
START_SECONDS = 30
STOP_SECONDS = 15  # of the API, whose workers may answer to their end
EXAMPLES = """\b
example:
  python Q3b/run_production.py --limit 3
"""


def environment(folder: Path) -> dict[str, str]:
    """The environment without the settings of a real installation; temporary files in `folder`."""
    real = ("RECOMMENDER_", "DASK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(real)}
    return kept | {"TMPDIR": str(folder)}


def run_job(folder: Path, store_url: str) -> dict:
    """Run the daily job on the sample; return its report. Raises OutsideError if it fails."""
    from listening.sample.files import write_listeners

    plays, profiles = write_listeners(folder)
    job = [sys.executable, HERE / "recommend_daily.py", "--store", store_url]
    with child(
        [*job, "--plays", plays, "--profiles", profiles, "--format", "json"],
        grace=0,  # its files are in `folder`, and it would report its end
        env=environment(folder),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        process_group=0,  # at an interrupt of the terminal this process alone reports it
    ) as process:
        report, _ = process.communicate()
    if process.returncode:
        raise OutsideError(f"the daily job ended with exit code {process.returncode}")
    return json.loads(report)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(store_url: str, log: Path) -> Iterator[str]:
    """Yield the address of the API while it serves; what it says goes to the file `log`."""
    port = free_port()
    api = [sys.executable, HERE / "api.py", "--store", store_url, "--port", str(port)]
    settings = {"grace": STOP_SECONDS, "env": environment(log.parent)}
    with (
        log.open("w", encoding="utf-8") as messages,
        child([*api, "--workers", "1"], **settings, stderr=messages, stdout=messages) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(process, address, log)
        yield address


def wait_until_ready(process: subprocess.Popen, address: str, log: Path) -> None:
    """Return when the API is ready. Raises OutsideError with its last words if it is not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            get(f"{address}/readyz")
            return
        except OSError:
            time.sleep(0.05)
    last = log.read_text(encoding="utf-8").strip().splitlines()[-1:] or ["no message"]
    raise OutsideError(f"the API did not become ready: {last[0]}")


def get(url: str) -> dict:
    """The JSON document at `url`."""
    import urllib.request

    no_proxy = urllib.request.ProxyHandler({})
    with urllib.request.build_opener(no_proxy).open(url, timeout=10) as answer:
        return json.load(answer)


def job_lines(run: dict) -> Iterator[str]:
    """What the job did, without what differs from run to run."""
    from_neighbours = run["report"]["rules"].get("neighbours", 0)
    recall = run["report"]["metrics"]["recall@20"]
    yield f"Job: lists for {run['users']:,} users, {from_neighbours:,} of them from neighbours"
    yield f"Quality: they hold {recall:.0%} of the plays that were held out (recall@20)"
    yield f"Store: {run['report']['store_items']:,} items in SQLite, published"


def artist_line(place: int, artist: dict) -> str:
    """One artist of the API's answer and why."""
    causes = " and ".join(cause["name"] for cause in artist["because"])
    return f"{place:3}. {artist['name']}, because the user plays {causes}"


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--limit",
    type=click.IntRange(1, 20),
    default=5,
    metavar="N",
    help="Artists to ask the API for.",
)
def main(limit: int):
    """Go the production way once, on this machine: the daily job, its store, the API, one request.

    The data are a sample drawn from a seed and the store is an SQLite file; both are in a temporary
    folder that is removed at the end.
    """
    end_by_sigterm()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        store_url = f"sqlite:///{folder / 'recommendations.db'}"
        run = run_job(folder, store_url)
        click.echo("\n".join(job_lines(run)))
        path = f"/users/{run['example_users'][0]}/recommendations?limit={limit}"
        with served(store_url, folder / "api.log") as address:
            answer = get(f"{address}{path}")
        click.echo(f"API: GET {path}")
        for place, artist in enumerate(answer["items"], 1):
            click.echo(artist_line(place, artist))


if __name__ == "__main__":
    sys.exit(main())
