"""A small published set, and the API as its users meet it: a process that listens on a port."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from recommender.lists import RECOMMENDATION, TOP_ARTIST, Block, RuleList
from store.protocol import Catalogue, Run, new_run
from store.url import open_store
from taste.place import place_of
from taste.written import write_index
from tests.conftest import ROOT, START_SECONDS, clean_environment, free_port

ARTISTS = [
    *("Harbour Lights", "The Paper Lanterns", "Café Mistral", "夜行列車", "Nora Quill"),
    *("Static Orchard", "Los Faros", "Velvet Tram", "Low Tide Choir", "Àngels & Wires"),
    *("Kite Season", "Ferrograph", "The Long Weekend", "Miri Tal", "Copper Moth"),
    *("Seven Ferries", "Ölandsbron", "Dust & Daylight", "Pale Signal", "Marble Arcade"),
    *("Tin Roof Rain", "Glasshouse", "Nightbus 970", "Sable Coast", "A <b>Bold</b> Name"),
    *("Slow Cartography", "Ivy & the Engine", "Rooftop Weather", "Summer Ledger", "One More Pier"),
]
IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(len(ARTISTS) - 1)] + ["007"]
URLS = [f"https://music.example/{number}" for number in range(len(ARTISTS) - 1)] + [""]
CATALOGUE = Catalogue(
    *(np.array(texts, dtype=object) for texts in (IDS, ARTISTS)),
    {"url": np.array(URLS, dtype=object)},
)
LISTENERS = [f"{number:040x}" for number in range(11**30, 12 * 11**30, 11**30)]
COUNTRIES = ["Hong Kong", "Poland", "United Kingdom"]
TOP = 20


def recommendations_from(first: int, explained: bool) -> np.ndarray:
    """TOP artists from number `first` on, wrapping around, each explained by three others."""
    numbers = (first + np.arange(TOP)) % len(ARTISTS)
    causes = (first + TOP + np.arange(3)) % len(ARTISTS)
    rows = np.zeros(TOP, RECOMMENDATION)
    rows["artist"], rows["score"] = numbers, 1 / (1.5 + np.arange(TOP))
    rows["because_artist"] = causes if explained else -1
    rows["because_share"] = (0.5, 0.3, 0.1) if explained else 0
    rows["because_listeners"] = (31, 12, 4) if explained else 0
    return rows


def top_artists_of(first: int) -> np.ndarray:
    """The ten artists that follow the recommended ones."""
    rows = np.zeros(10, TOP_ARTIST)
    rows["artist"], rows["plays"] = (
        (first + TOP + np.arange(10)) % len(ARTISTS),
        1600 // (np.arange(10) + 1),
    )
    return rows


def block_of(users: list[str]) -> Block:
    """Users with recommendations of their own, but for the last, who is served by a rule."""
    own = [recommendations_from(number, explained=True) for number in range(len(users) - 1)]
    own.append(recommendations_from(0, explained=True)[:0])
    return Block(
        users=users,
        rules=["neighbours"] * (len(users) - 1) + ["country"],
        neighbours=np.array([50] * (len(users) - 1) + [0]),
        recommendations=np.concatenate(own),
        recommendation_starts=np.cumsum([0, *map(len, own)]),
        top_artists=np.concatenate([top_artists_of(number) for number in range(len(users))]),
        top_starts=np.arange(0, 10 * len(users) + 1, 10),
        lists=[None] * (len(users) - 1) + [("Poland", "")],
    )


def rule_lists() -> list[RuleList]:
    """A list for everyone and one for each country, each from another first artist."""
    places = ["", *COUNTRIES]
    return [
        RuleList(place, "", recommendations_from(5 * number, explained=False))
        for number, place in enumerate(places)
    ]


def publish(url: str, users: list[str] = LISTENERS, **fields) -> Run:
    """Publish the set to the store at `url`; `fields` replace those of its run."""
    store = open_store(url, create=True)
    about = {"users": len(users), "countries": COUNTRIES, "example_users": users[:6]} | {
        "item_fields": ["url"]
    }
    run = replace(new_run(), **(about | fields))
    with store.lock(), store.begin(run, CATALOGUE) as writer:
        writer.write(block_of(users))
        writer.write_lists(rule_lists())
        writer.finish(run)
    store.publish(run)
    store.close()
    return run


def publish_index(url: str, run: Run, index: str = "") -> None:
    """Write an index of the published set, of drawn listeners of its artists."""
    from recommender.damped_vote import fit  # numba: the tests without an index do not wait

    played = np.random.default_rng(5).random((60, len(ARTISTS))) < 0.3
    plays = csr_array((played * np.arange(1, 61)[:, None]).astype(np.float32))
    with place_of(index, url).written(run.version) as folder:
        write_index(fit(plays), CATALOGUE, folder)


def serving_environment(**environment: str) -> dict[str, str]:
    """The environment without the developer's settings of the API."""
    clean = {
        name: value
        for name, value in clean_environment().items()
        if not name.startswith("RECOMMENDER_")
    }
    return clean | environment


def wait_until_alive(base: str, process: subprocess.Popen) -> None:
    """Return when `/healthz` answers; raise AssertionError if the server ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with exit code {process.returncode}"
        try:
            with urllib.request.urlopen(f"{base}/healthz", timeout=5):  # noqa: S310 - our own
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not answer in time")


@contextmanager
def serving(store_url: str, *options: str, **environment: str) -> Iterator[str]:
    """Yield the base URL of `python Q3b/api.py`; stop it as a supervisor does."""
    port = free_port()
    command = [sys.executable, "Q3b/api.py", "--store", store_url, "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=ROOT, env=serving_environment(**environment))
    try:
        wait_until_alive(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
        assert process.poll() is None, "the server ended by itself"
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()
