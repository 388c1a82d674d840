"""The one table of all benchmarks."""

from tests.conftest import ROOT
from tests.project.conftest import loaded


def test_the_rows_that_a_peer_wins_come_first(tmp_path, monkeypatch):
    comparisons = loaded(ROOT / "benchmarks" / "comparisons.py")
    notes = tmp_path / "notes.jsonl"
    comparisons.note("before the variable", "s", 1, {"peer": 1})
    assert not notes.exists()
    monkeypatch.setenv(comparisons.FILE_VARIABLE, str(notes))
    comparisons.note("won", "CPU s", 1, {"slow": 9, "fast": 4})
    comparisons.note("lost", "s", 3, {"slow": 7, "fast": 2})
    comparisons.note("alone", "s", 1, {})
    won, lost = comparisons.noted(notes)
    assert (won.peer, won.ratio, lost.peer, lost.ratio) == ("fast", 0.25, "fast", 1.5)
    *_, first, second = comparisons.comparison_table([won, lost]).splitlines()
    assert first == "| lost | s | 3 | 2 | fast | 1.50 |"
    assert second == "| won | CPU s | 1 | 4 | fast | 0.25 |"
