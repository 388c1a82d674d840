"""Tasks on the workers of a Dask cluster: data they share, and results as they are ready."""

import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
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
