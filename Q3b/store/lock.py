"""Keep the lock of a store while one step of a run takes long, as the search among many users."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from store.protocol import Store, StoreError, StoreLockedError

RENEWALS = 3  # within the time after which the lock would go to another run


@contextmanager
def renewed_lock(store: Store) -> Iterator[None]:
    """Renew the lock from a thread of its own until the block ends.

    If it went to another run, the next renewal between two steps raises StoreLockedError.
    """
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(store.lock_seconds / RENEWALS):
            try:
                store.renew_lock()
            except StoreLockedError:
                return
            except StoreError:  # the store is down for now; there is time for another try
                continue

    if store.lock_seconds:
        threading.Thread(target=renew, name="renews the lock", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
