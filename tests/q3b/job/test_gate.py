"""Nothing worse than usual is published unasked, nor other data under a name that is taken."""

import json

import pytest

from job.drift import history_of
from job.gate import Limits, failures
from listening.sample.files import write_listeners
from recommend_daily import main
from store.protocol import Run
from store.url import open_store
from tests.conftest import assert_one_line_error, run_here
from tests.pictures import svg_texts

REFUSED = 65


def files_of(folder, users=300, artists=120, seed=4):
    folder.mkdir(exist_ok=True)
    plays, profiles = write_listeners(folder, users, artists, seed=seed)
    return ["--plays", plays, "--profiles", profiles]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return files_of(tmp_path_factory.mktemp("listeners"))


@pytest.fixture(scope="module")
def truncated(files, tmp_path_factory):
    """Plays of which an export wrote the first 150 lines."""
    path = tmp_path_factory.mktemp("truncated") / files[1].name
    lines = files[1].read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:150]))
    return ["--plays", path, "--profiles", files[3]]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'recommendations.db'}"


def job(url, *options):
    return run_here(main, "--store", url, *options)


def published(url):
    return open_store(url).current()


def run_of(users=1000, **metrics):
    found = {"recall@20": 0.3, "ndcg@20": 0.3, "popularity_recall@20": 0.1, "coverage": 0.4}
    return Run("v", "", "2026-11-28T00:00:00Z", users, report={"metrics": found | metrics})


@pytest.mark.parametrize(
    ("run", "before", "parts"),
    [
        (run_of(), None, []),
        (run_of(100), None, []),
        (run_of(99), None, ["99 users", "--min-users"]),
        (run_of(800), run_of(1000), []),
        (run_of(799), run_of(1000), ["20% fewer than the 1,000", "--max-drop"]),
        (run_of(5000), run_of(1000), []),
        (run_of(**{"recall@20": 0.1}), None, []),
        (run_of(**{"recall@20": 0.0999}), None, ["recall 0.100, below the 0.100"]),
        (run_of(coverage=0.0099), None, ["coverage 0.0099", "--min-coverage"]),
        (run_of(3, **{"recall@20": 0}), run_of(9), ["3 users", "67% fewer", "recall 0.000"]),
    ],
)
def test_each_limit_is_named_with_its_figure(run, before, parts):
    missed = failures(run, before, Limits())
    assert all(any(part in line for line in missed) for part in parts)
    assert bool(missed) == bool(parts)


def test_a_run_without_held_out_plays_has_no_recall_to_miss():
    run = Run("v", "", "2026-11-28T00:00:00Z", 1000, report={"metrics": {}})
    assert failures(run, None, Limits()) == []


def test_a_truncated_export_is_not_published(url, files, truncated, tmp_path):
    assert_one_line_error(job(url, *truncated), REFUSED, "users", "--min-users", "--force")
    assert published(url) is None
    assert job(url, *files).returncode == 0
    old = published(url)
    report = tmp_path / "report.json"
    refused = job(url, *truncated, "--min-users", "1", "--report", report)
    assert_one_line_error(refused, REFUSED, "fewer than the 301", "--max-drop")
    assert "--min-users" not in refused.stderr.splitlines()[-1]
    assert refused.stdout == ""
    assert published(url) == old
    written = json.loads(report.read_text(encoding="utf-8"))["report"]["gate"]
    assert written["failures"]
    assert not written["forced"]


def test_force_publishes_and_is_on_record(url, truncated):
    assert job(url, *truncated, "--force").returncode == 0
    gate = published(url).report["gate"]
    assert gate["forced"]
    assert any("--min-users" in line for line in gate["failures"])


def test_the_gate_holds_a_set_that_is_published_later(url, files, truncated):
    assert job(url, *files).returncode == 0
    old = published(url)
    forced = ("--run-id", "day", "--no-publish", "--force")
    assert job(url, *truncated, *forced).returncode == 0
    assert_one_line_error(job(url, "--publish", "day"), REFUSED, "--max-drop", "--min-users")
    assert published(url) == old
    assert job(url, "--publish", "day", "--force").returncode == 0
    assert published(url).report["gate"]["forced"]


@pytest.mark.parametrize(
    ("options", "what"),
    [(["--seed", "2"], "settings"), (["--recommendations", "7"], "settings"), (None, "data")],
)
def test_a_run_id_that_is_taken_is_refused_to_others(url, files, tmp_path, options, what):
    assert job(url, *files, "--run-id", "day").returncode == 0
    done = published(url)
    other = files_of(tmp_path / "other", seed=5) if options is None else [*files, *options]
    refused = job(url, *other, "--run-id", "day")
    assert_one_line_error(refused, 2, "'day' is published already", what, "--run-id")
    assert published(url) == done
    again = job(url, *files, "--run-id", "day")
    assert (again.returncode, published(url)) == (0, done)


def test_other_profiles_are_other_data(url, files, tmp_path):
    assert job(url, *files, "--run-id", "day").returncode == 0
    other = tmp_path / files[3].name
    other.write_bytes(files[3].read_bytes().replace(b"Germany", b"Poland"))
    refused = job(url, *files[:3], other, "--run-id", "day")
    assert_one_line_error(refused, 2, "its data were others")


def test_a_set_tells_how_it_differs_from_those_before(url, files, tmp_path):
    assert_one_line_error(job(url, "--diff"), 1, "no such store")
    assert job(url, *files).returncode == 0
    assert "none before it" in job(url, "--diff").stdout
    first = published(url)
    assert job(url, *files).returncode == 0
    same = published(url).report["drift"]
    assert (same["before"], same["changed_users"]) == (first.version, 0)
    assert same["compared_users"] == 100
    assert job(url, *files, "--metric", "euclidean", "--force").returncode == 0
    drift = published(url).report["drift"]
    assert 0 < drift["changed_users"] <= drift["compared_users"] == 100
    lines = job(url, "--diff").stdout.splitlines()
    assert f"others among the first 20: {drift['changed_users']} of 100" in lines[2]
    assert any(line.startswith("recall@20: ") for line in lines)
    history = history_of(published(url))
    assert history[0]["version"] == first.version
    assert [one["changed"] for one in history] == [None, 0, drift["changed_users"] / 100]
    drawn = job(url, "--diff", "--plot", tmp_path / "drift.svg", "--html", tmp_path / "drift.html")
    assert drawn.stdout.splitlines() == lines
    assert "Recall of held-out plays" in svg_texts(tmp_path / "drift.svg")
    share = f"users whose first items changed {drift['changed_users']}.0%"
    assert share in (tmp_path / "drift.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("report", [{}, {"metrics": {"recall@20": 0.2}}])
def test_a_set_whose_report_lacks_figures_is_judged_by_its_users(report):
    """Sets that were written before the gate have no figures, or not all of them."""
    (missed,) = failures(Run("v", "", "", users=3, report=report), None, Limits())
    assert missed.startswith("3 users with plays")
    assert not failures(Run("v", "", "", users=1000, report=report), None, Limits())
