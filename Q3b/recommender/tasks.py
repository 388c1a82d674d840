"""Tasks on the workers of a Dask cluster: data they share, and results as they are ready."""

import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from itertools import islice
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from distributed import Client, Future


def sent(client: "Client", data: Any) -> "Future":
    """Send data to the workers as a task's result, which Dask makes again if its holders die.

    Scattered data would be lost with them: Dask keeps one copy of what no task is waiting for.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")
        return client.submit(itself, data, pure=False)


def itself(data: Any) -> Any:
    """Return the data."""
    return data


def completed(
    futures: "Iterable[Future]", title: str = "", unit: str = "task", ahead: int | None = None
) -> Iterator[tuple]:
    """Yield (future, result) as tasks are done, with progress on standard error if titled.

    ahead: how many futures are taken before the first is done, one for each after that; None: all
    """
    from distributed import as_completed

    waiting = iter(futures)
    done = as_completed(islice(waiting, ahead), with_results=True)
    hidden = None if title else True
    with tqdm(total=done.count(), desc=title, unit=unit, disable=hidden) as progress:
        for future, result in done:
            if isinstance(result, CancelledError):  # yielded, not raised, if a scheduler is lost
                raise result
            done.update(islice(waiting, 1))
            progress.update()
            yield future, result
