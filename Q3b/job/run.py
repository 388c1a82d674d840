"""One daily run: choose the users, fit, write the set block by block, and say what was done."""

from common.command import UserError

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from job.distributed import Written
from job.fit import BlocksOf, fitted_here, fitted_on
from job.report import chosen_report, data_report, versions
from job.settings import RunSettings
from listening.play_counts import PlayCounts
from listening.source import Listening
from recommender.blocks import BLOCK, list_block, rule_lists
from recommender.lists import Block
from recommender.methods import ByPlays, Recommender
from recommender.popularity import Popularity, popularity_of
from store.erasure import remembered
from store.protocol import Catalogue, Run, Store, Writer
from taste.place import IndexPlace
from taste.written import write_index

if TYPE_CHECKING:
    from distributed import Client

EXAMPLE_USERS = 8  # that the page offers
CHECKED_USERS = 100  # that a check of the set reads back


def daily_run(
    listening: Listening,
    settings: RunSettings,
    store: Store,
    run: Run,
    client: "Client | None" = None,
    place: IndexPlace | None = None,
) -> Run:
    """Write a set of `chosen` users, unpublished, and return the run with its report.

    With the client of a cluster its workers do the arithmetic, and the answers are the same.
    place: where the index of the set goes, if it has one
    """
    start = time.perf_counter()
    store.check_users(listening.plays.users)
    store.check_users(listening.silent.index)
    fitted = fitted_on(client, listening.plays, settings) if client else None
    fold_of, blocks_of, recommender_of = fitted or fitted_here(listening.plays, settings, store)
    store.renew_lock()
    items = catalogue(listening)
    countries = {*listening.plays.profiles["country"], *listening.silent["country"]}
    if rehearsal := store.rehearsal(run, items, settings.recommendations, countries):
        write_set(rehearsal, store, blocks_of, listening, settings)
    with store.begin(run, items) as writer, ExitStack() as stack:
        countries, lists, rules = write_set(writer, store, blocks_of, listening, settings)
        stack.enter_context(written_index(run, recommender_of, items, store, place))
        fold = fold_of()
        report = {
            "settings": asdict(settings),
            "data": data_report(listening),
            "metrics": fold.metrics,
            "chosen": chosen_report(fold.settings),
            "voters": settings.voters_of(len(listening.plays.users)),
            "rules": dict(rules),
            "store_items": rules.total() + lists,
            "checked_users": sampled_users(listening.plays, CHECKED_USERS, settings.seed),
            "versions": versions(),
            "seconds": round(time.perf_counter() - start, 1),
        }
        examples = report["checked_users"][:EXAMPLE_USERS]
        finished = replace(
            run,
            users=rules.total(),
            countries=countries,
            example_users=examples,
            item_names=settings.item_names(),
            item_fields=list(items.fields),
            report=report,
        )
        writer.finish(finished)
    return finished


@contextmanager
def written_index(
    run: Run,
    recommender_of: Callable[[], Recommender],
    items: Catalogue,
    store: Store,
    place: IndexPlace | None,
) -> Iterator[None]:
    """Write the index of a run, if there is a place for it and its method has one.

    It stays if what is done meanwhile goes well. Indexes of sets that readers cannot come back to
    are removed then.
    """
    recommender = recommender_of() if place else None
    if not isinstance(recommender, ByPlays):
        yield
        return
    with place.written(run.version) as folder:
        write_index(recommender.model, items, folder)
        yield
    place.keep([*store.kept(), run.version])


def write_set(
    writer: Writer,
    store: Store,
    blocks_of: BlocksOf,
    listening: Listening,
    settings: RunSettings,
) -> tuple[list[str], int, Counter]:
    """Write lists and users; return the countries, how many lists, and users by rule."""
    popularity, top = popularity_of(listening.plays), settings.recommendations
    lists = rule_lists(popularity, top)
    writer.write_lists(lists)
    blocks = all_blocks(blocks_of(writer, popularity), listening, popularity)
    users = len(listening.plays.users) + len(listening.silent)
    rules = write_blocks(writer, store, blocks, users)
    return sorted(popularity.countries.rows), len(lists), rules


def without_forgotten(listening: Listening, marks: set[str]) -> Listening:
    """The users whose marks the store does not hold. Raises UserError if it cannot read them."""
    plays, silent = listening.plays, listening.silent
    plays = plays.select_users(remembered(plays.users, marks))
    return replace(listening, plays=plays, silent=silent[remembered(silent.index, marks)])


def chosen(listening: Listening, settings: RunSettings) -> Listening:
    """The users of the gender asked for, and the drawn share of them. Raises UserError for none."""
    random = np.random.default_rng(settings.seed)

    def wanted(profiles: pd.DataFrame) -> np.ndarray:
        drawn = random.random(len(profiles)) < settings.share
        return drawn & (profiles["gender"] == settings.gender) if settings.gender else drawn

    plays = listening.plays.select_users(np.asarray(wanted(listening.plays.profiles)))
    if not len(plays.users):
        raise UserError("no user with plays is left: ask for another --gender or a larger --share")
    return replace(listening, plays=plays, silent=listening.silent[wanted(listening.silent)])


def all_blocks(
    with_plays: Iterator[Block | Written], listening: Listening, popularity: Popularity
) -> Iterator[Block | Written]:
    """The blocks of the users with plays, then of those without."""
    yield from with_plays
    for start in range(0, len(listening.silent), BLOCK):
        yield list_block(listening.silent.iloc[start : start + BLOCK], popularity)


def write_blocks(
    writer: Writer, store: Store, blocks: Iterable[Block | Written], users: int
) -> Counter:
    """Write the blocks as they come and return how many users each rule served."""
    rules = Counter()
    with tqdm(total=users, desc="recommending", unit=" users", disable=None) as progress:
        for block in blocks:
            if isinstance(block, Block):
                writer.write(block)
            store.renew_lock()
            rules.update(block.rules)
            progress.update(len(block.users))
    return rules


def catalogue(listening: Listening) -> Catalogue:
    """The items by their own ids, with the names and fields of the table of items."""
    plays, items = listening.plays, listening.items
    if items is None:
        return Catalogue(plays.artists, plays.artist_names)
    return Catalogue(plays.artists, items.names_of(plays), items.fields_of(plays))


def sampled_users(plays: PlayCounts, number: int, seed: int) -> list[str]:
    """Some users with plays."""
    random = np.random.default_rng(seed)
    return random.choice(plays.users, min(number, len(plays.users)), replace=False).tolist()
