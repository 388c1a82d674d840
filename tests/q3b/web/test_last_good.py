"""While a store fails the last good answers are served, a bounded number of them."""

import pytest

from store.protocol import ExpiredError, Listed, StoreError, new_run
from web import last_good
from web.last_good import KEPT, LastGood

RUN = new_run()


class Failing:
    """A store that answers until it is made to fail, and counts how often it is asked."""

    lock_seconds = None

    def __init__(self):
        self.error, self.asked = None, 0

    def user_list(self, user_id, limit):
        self.asked += 1
        if self.error:
            raise self.error
        return None if user_id == "nobody" else Listed(RUN, "neighbours", user_id.encode())

    def current(self):
        return RUN


def test_an_answer_is_served_while_the_store_fails_and_no_longer():
    inner = Failing()
    store = LastGood(inner)
    good = store.user_list("u1", 20)
    inner.error = StoreError("down")
    stale = store.user_list("u1", 20)
    assert (stale.items, stale.stale, good.stale) == (b"u1", True, False)
    for user, limit in (("u2", 20), ("u1", 5)):
        with pytest.raises(StoreError, match="down"):
            store.user_list(user, limit)
    inner.error = None
    assert not store.user_list("u1", 20).stale


def test_an_expired_set_and_a_user_who_has_gone_are_not_served():
    inner = Failing()
    store = LastGood(inner)
    store.user_list("u1", 20)
    inner.error = ExpiredError("expired")
    with pytest.raises(ExpiredError):
        store.user_list("u1", 20)
    inner.error = None
    inner.user_list = lambda user_id, limit: None
    assert store.user_list("u1", 20) is None
    del inner.user_list
    inner.error = StoreError("down")
    with pytest.raises(StoreError, match="down"):
        store.user_list("u1", 20)


def test_no_more_than_a_bounded_number_is_kept():
    inner = Failing()
    store = LastGood(inner)
    for number in range(KEPT + 10):
        store.user_list(f"u{number}", 20)
        store.user_list("often", 20)
    inner.error = StoreError("down")
    assert store.user_list("often", 20).stale
    assert store.user_list(f"u{KEPT + 9}", 20).stale
    with pytest.raises(StoreError):
        store.user_list("u0", 20)


def test_a_remote_store_that_failed_is_left_alone_for_a_moment(monkeypatch):
    inner = Failing()
    inner.lock_seconds = 900
    now = 100.0
    monkeypatch.setattr(last_good.time, "monotonic", lambda: now)
    store = LastGood(inner)
    inner.error = StoreError("down")
    for _ in range(5):
        with pytest.raises(StoreError, match="down"):
            store.user_list("u1", 20)
    assert inner.asked == 1
    inner.error = None
    now += 1.5
    assert store.user_list("u1", 20).items == b"u1"
    assert store.current() == RUN
