"""A day that was missed is not caught up: the next run gives what it would have given anyway."""

from pathlib import Path

from listening.sample.files import write_listeners
from recommend_daily import main
from store.url import open_store


def lists_after(days: list[str], folder: Path, files: list[str]) -> list[tuple]:
    """The lists of all listeners, and of a newcomer, after runs on some days."""
    url = f"sqlite:///{folder / '-'.join(days)}.db"
    for day in days:
        assert main([*files, "--store", url, "--run-id", day]) == 0
    store = open_store(url)
    run = store.current()
    assert run.run_id == days[-1]
    answers = [*map(store.user, run.example_users), store.new_user("Germany", "25-34")]
    found = [(answer["user_id"], answer["rule"], answer["items"]) for answer in answers]
    store.close()
    return found


def test_a_run_after_a_missed_day_gives_the_same_lists(tmp_path):
    plays, profiles = write_listeners(tmp_path, 150, 60, seed=5)
    files = ["--plays", str(plays), "--profiles", str(profiles)]
    missed = lists_after(["2026-11-28"], tmp_path, files)
    assert lists_after(["2026-11-27", "2026-11-28"], tmp_path, files) == missed
    assert len(missed) > 5
