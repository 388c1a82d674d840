"""The last good answers, for the time while the store fails."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from store.protocol import ExpiredError, Listed, Store, StoreError

KEPT = 500  # answers of each process, about 8 KB each
PAUSE = 1.0  # seconds in which a remote store that failed is not asked again: threads would wait


class LastGood:
    """A store whose lists, once read, are served while it fails, marked as stale.

    All else it hands to the store. A set that has expired is not served: it is meant to be gone.
    Answers of a set before are not kept, nor of one before users were forgotten.
    """

    def __init__(self, store: Store):
        self._store = store
        self._pause = PAUSE if store.lock_seconds else 0.0
        self._failed_at = -PAUSE
        self._error = StoreError("the store failed")
        self._edition: tuple = ()
        self._kept: OrderedDict[tuple, Listed] = OrderedDict()
        self._keeping = threading.Lock()

    def __getattr__(self, name: str):
        return getattr(self._store, name)

    def user_list(self, user_id: str, limit: int) -> Listed | None:
        """The store's answer, or while it fails the last good one."""
        return self._asked((user_id, limit), lambda: self._store.user_list(user_id, limit))

    def new_user_list(self, country: str, age_group: str, limit: int) -> Listed | None:
        """The store's answer, or while it fails the last good one."""
        key = (country, age_group, limit)
        return self._asked(key, lambda: self._store.new_user_list(*key))

    def _asked(self, key: tuple, ask: Callable[[], Listed | None]) -> Listed | None:
        """The answer of `ask`, kept by `key`. Raises StoreError if it fails and none was kept."""
        try:
            if self._pause and time.monotonic() - self._failed_at < self._pause:
                raise self._error
            found = ask()
        except ExpiredError:
            raise
        except StoreError as error:
            if error is not self._error:
                self._error, self._failed_at = error, time.monotonic()
            if kept := self._kept.get(key):
                return replace(kept, stale=True)
            raise
        self._keep(key, found)
        return found

    def _keep(self, key: tuple, found: Listed | None) -> None:
        """Keep an answer in place of the one that was asked for longest ago."""
        with self._keeping:
            self._kept.pop(key, None)
            if found:
                edition = found.run.version, found.run.report.get("erased", 0)
                if edition != self._edition:
                    self._kept.clear()
                    self._edition = edition
                self._kept[key] = found
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
