"""The daily job as a scheduler runs it: from plays to what readers of the store see."""

from common.command import UserError

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psycopg2
import pytest

from job.input import read_temporary
from listening.lastfm import read_lastfm
from listening.sample.files import write_listeners
from recommend_daily import main
from store.url import open_store
from tests.conftest import ROOT, assert_one_line_error, clean_environment, run_here, run_script
from tests.q3b.store.conftest import moto

JOB = "Q3b/recommend_daily.py"
USERS, ARTISTS = 300, 120


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The options that name a small set of plays and profiles."""
    plays, profiles = write_listeners(tmp_path_factory.mktemp("listeners"), USERS, ARTISTS, seed=4)
    return ["--plays", plays, "--profiles", profiles]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'recommendations.db'}"


def job(url, *options):
    """Run the job in this process, which spares the loading of its libraries."""
    return run_here(main, "--store", url, *options)


def report_of(url, *options):
    finished = job(url, "--format", "json", *options)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.fixture(scope="module")
def published(files, tmp_path_factory):
    """The URL of a store with one run, and the run's report."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'recommendations.db'}"
    return url, report_of(url, *files)


def test_every_user_gets_what_the_user_has_not_played(published, files):
    url, run = published
    plays, _ = read_lastfm(files[1].parent)
    store = open_store(url)
    artists = dict(zip(plays.artists, plays.artist_names, strict=True))
    causes = 0
    for row, user in enumerate(plays.users):
        item = store.user(user)
        heard = plays.matrix[[row]]
        keys = [artist["id"] for artist in item["items"]]
        assert not set(keys) & set(plays.artists[heard.indices])
        assert len(set(keys)) == len(keys) == 20
        assert [artists[key] for key in keys] == [artist["name"] for artist in item["items"]]
        most = item["top_items"][0]
        assert most["plays"] == heard.data.max()
        for artist in item["items"]:
            for cause in artist["because"]:
                column = np.flatnonzero(plays.artists == (cause["id"]))
                assert column in heard.indices
                assert 0 < cause["listeners"] <= item["neighbours"]
                causes += 1
    assert causes > run["users"]
    assert run["users"] == store.count_users(store.current())


def test_the_report_tells_data_settings_and_scores(published):
    _, run = published
    report = run["report"]
    assert report["settings"]["metric"] == "cosine"
    assert report["data"]["users"] == sum(report["rules"].values()) == run["users"]
    assert report["data"]["rejected"]["plays: user id is not a sha1"] == 1
    assert len(report["data"]["fingerprint"]) == 64
    assert 0.1 < report["metrics"]["recall@20"] < 1
    assert report["store_items"] > run["users"]
    assert report["seconds"] > 0
    assert len(run["example_users"]) == 8
    assert "Germany" in run["countries"]


def test_the_same_data_and_seed_give_the_same_set(published, files, tmp_path):
    url, run = published
    again = report_of(f"sqlite:///{tmp_path / 'again.db'}", *files)
    assert again["report"]["data"] == run["report"]["data"]
    assert again["report"]["metrics"] == run["report"]["metrics"]
    first, second = open_store(url), open_store(f"sqlite:///{tmp_path / 'again.db'}")
    for user in run["report"]["checked_users"]:
        assert first.user(user)["items"] == second.user(user)["items"]


def test_the_classic_metric_and_its_switches(files, url):
    options = ["--metric", "euclidean", "--neighbours", "30", "--recommendations", "5"]
    options += ["--gender", "f", "--share", "0.5", "--include-played", "--force"]
    run = report_of(url, *files, *options)
    assert 0 < run["users"] < USERS * 0.3
    store = open_store(url)
    items = [store.user(user) for user in run["example_users"]]
    assert {len(item["items"]) for item in items} == {5}
    assert {item["neighbours"] for item in items} == {30}
    played = [
        {artist["name"] for artist in item["top_items"]}
        & {artist["name"] for artist in item["items"]}
        for item in items
    ]
    assert any(played)


def test_users_without_plays_are_served_by_the_rules(files, url, tmp_path):
    profiles = tmp_path / "profiles.tsv"
    silent = ["c" * 40 + "\tm\t30\tGermany\tJan 1, 2006", "d" * 40 + "\t\t\t\t"]
    profiles.write_text(files[3].read_text("utf-8") + "\n".join(silent) + "\n", "utf-8")
    run = report_of(url, *files[:3], profiles)
    store = open_store(url)
    german, nobody = store.user("c" * 40), store.user("d" * 40)
    assert (german["rule"], nobody["rule"]) == ("country", "global")
    assert german["items"] == store.new_user("Germany", "25-34")["items"]
    assert len(nobody["items"]) == 20
    assert run["report"]["rules"]["country"] >= 1


def test_a_user_who_plays_every_artist_is_recommended_none(url, tmp_path):
    plays = tmp_path / "plays.tsv"
    rows = [f"{'a' * 40}\t\tartist {number}\t{number + 1}" for number in range(6)]
    rows += [f"{user * 40}\t\tartist {number}\t3" for user in "bcd" for number in range(3)]
    plays.write_text("\n".join(rows) + "\n", "utf-8")
    report_of(url, "--plays", plays, "--force")
    store = open_store(url)
    everything = store.user("a" * 40)
    assert (everything["rule"], everything["items"]) == ("global", [])
    others = {artist["name"] for artist in store.user("b" * 40)["items"]}
    assert others == {"artist 3", "artist 4", "artist 5"}


def test_a_run_of_the_same_id_is_published_once(files, url):
    first = report_of(url, *files, "--run-id", "2026-11-24")
    again = job(url, *files, "--run-id", "2026-11-24")
    assert again.returncode == 0
    assert again.stdout == f"version {first['version']} is published\n"
    assert "run 2026-11-24 is published already" in again.stderr
    assert report_of(url, *files, "--run-id", "2026-11-24") == first
    assert open_store(url).current().version == first["version"]


def test_the_figures_of_a_run_are_one_row_of_a_table(published, files):
    url, run = published
    rows = [*csv.DictReader(job(url, "--format", "csv", *files).stdout.splitlines())]
    assert len(rows) == 1
    row, rules = rows[0], run["report"]["rules"]
    assert int(row["users"]) == run["users"] == sum(rules.values())
    assert int(row["users_from_neighbours"]) == rules["neighbours"] > 0
    assert int(row["rejected_rows"]) == sum(run["report"]["data"]["rejected"].values()) > 0
    assert float(row["recall"]) == run["report"]["metrics"]["recall@20"] > 0
    assert int(row["store_items"]) == run["report"]["store_items"]


def test_a_file_without_tables_is_no_store(tmp_path):
    (tmp_path / "empty.db").touch()
    finished = job(f"sqlite:///{tmp_path / 'empty.db'}", "--verify", "2026-11-24")
    assert_one_line_error(finished, 1, "empty.db", "no such store yet", "recommend_daily.py")


def test_the_steps_of_a_scheduler(files, url, tmp_path):
    old = report_of(url, *files)
    report, page = tmp_path / "report.json", tmp_path / "report.html"
    unseen = ("--run-id", "day", "--no-publish")
    staged = report_of(url, *files, *unseen, "--report", report, "--html", page)
    assert f"<td>{staged['version']}</td>" in page.read_text("utf-8")
    assert json.loads(report.read_text("utf-8")) == staged
    store = open_store(url)
    assert store.current().version == old["version"]
    assert "100 users read back" in job(url, "--verify", "day").stdout
    assert "is published" in job(url, "--publish", "day").stdout
    assert store.current().version == staged["version"]
    assert job(url, "--publish", "day").returncode == 0  # twice is once
    assert old["version"] in job(url, "--rollback").stdout
    assert store.current().version == old["version"]
    assert_one_line_error(job(url, "--rollback"), 2, "no version before")
    assert_one_line_error(job(url, "--publish", "other"), 2, "no finished run 'other'")


def test_a_set_that_is_not_as_reported_fails_its_check(files, url):
    run = report_of(url, *files, "--run-id", "day", "--no-publish")
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute(
            "DELETE FROM users_1 WHERE user_id = ?", [run["report"]["checked_users"][0]]
        )
    assert_one_line_error(job(url, "--verify", "day"), 1, "is missing", "users, ")


def test_the_apps_database_and_its_export_give_the_same_set(
    published, url, tmp_path, app, monkeypatch
):
    monkeypatch.setenv("RECOMMENDER_SOURCE", app)
    direct = report_of(url)
    assert direct["report"]["data"]["users"] == published[1]["report"]["data"]["users"]
    plays, profiles = job(url, "--export", tmp_path / "day").stdout.splitlines()
    monkeypatch.setenv("RECOMMENDER_SOURCE", "not asked")
    again = report_of(url, "--plays", plays, "--profiles", profiles)
    assert again["report"]["data"] == direct["report"]["data"]
    young = report_of(url, "--source", app, "--max-age", "1y", "--force")
    assert young["report"]["data"]["pairs"] < direct["report"]["data"]["pairs"]


@pytest.fixture
def app(files, postgres_url):
    """The URL of the app's database, with the plays and profiles of `files`."""
    plays, _ = read_lastfm(files[1].parent)
    rows, columns = plays.matrix.nonzero()
    connection = psycopg2.connect(postgres_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS plays, profiles")
        cursor.execute(
            "CREATE TABLE plays (user_id text, artist_id text, artist_name text, plays integer, "
            "last_played_at timestamptz DEFAULT now() - random() * interval '3 years')"
        )
        cursor.execute(
            "CREATE TABLE profiles "
            "(user_id text, gender text, age float, country text, signup date)"
        )
        cursor.executemany(
            "INSERT INTO plays VALUES (%s, %s, %s, %s)",
            [
                (plays.users[row], plays.artists[column], plays.artist_names[column], int(count))
                for row, column, count in zip(rows, columns, plays.matrix.data, strict=True)
            ],
        )
        cursor.executemany(
            "INSERT INTO profiles VALUES (%s, %s, %s, %s, NULL)",
            [
                (user, profile.gender, None if np.isnan(profile.age) else profile.age, country)
                for user, profile, country in zip(
                    plays.users,
                    plays.profiles.itertuples(),
                    plays.profiles["country"],
                    strict=True,
                )
            ],
        )
    connection.close()
    return postgres_url


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--plays", "nowhere.tsv"], ["nowhere.tsv"]),
        (["--profiles", "p.tsv"], ["--profiles", "--plays"]),
        (["--max-age", "5y"], ["--max-age", "no times"]),
        (["--max-age", "old"], ["--max-age", "'old'", "5y"]),
        (["--neighbours", "0"], ["--neighbours"]),
        (["--recommendations", "0"], ["--recommendations"]),
        (["--share", "0"], ["--share"]),
        (["--share", "nan"], ["--share nan"]),
        (["--rollback", "--report", "x.json"], ["--rollback", "--report"]),
        (["--rollback", "--html", "x.html"], ["--rollback", "--html"]),
        (["--verify", "x", "--format", "json"], ["--verify", "--format"]),
        (["--share", "0.0001", "--gender", "f"], ["--share"]),
        (["--metric", "manhattan"], ["--metric"]),
        (["--run-id", "a b"], ["run id"]),
        (["--export", "x"], ["--source"]),
        (["--source", "postgresql://x/y", "--plays", "x"], ["--source", "--plays"]),
        (["--rollback", "--verify", "x"], ["--verify and --rollback exclude each other"]),
        (["--export", "x", "--publish", "x"], ["--export and --publish exclude each other"]),
        (["--report", "no/folder/x.json"], ["--report", "'no/folder/x.json' is not a file"]),
        (["--format", "xml"], ["--format"]),
        (["--store", "mysql://x"], ["mysql://x", "sqlite:///"]),
        (["--store", "sqlite:///no/folder/x.db"], ["no/folder"]),
    ],
)
def test_a_mistake_is_one_line(url, tmp_path, options, parts):
    if "--max-age" in options:
        options = [*options, "--plays", tmp_path / "plays.tsv"]
    assert_one_line_error(job(url, *options), 2, *parts)


def test_an_empty_file_becomes_a_store(files, tmp_path):
    (tmp_path / "empty").touch()
    done = job(f"sqlite:///{tmp_path / 'empty'}", *files)
    assert done.returncode == 0, done.stderr
    assert open_store(f"sqlite:///{tmp_path / 'empty'}").current()


def test_a_place_where_no_index_can_be_is_a_mistake_and_nothing_is_published(url, files, tmp_path):
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "indexes"
    assert_one_line_error(job(url, *files, "--index", place), 2, str(place), "--index")
    assert open_store(url).current() is None


@pytest.fixture
def with_a_bad_row(tmp_path):
    """Plays of which the third row has no count above zero."""
    plays = tmp_path / "plays.tsv"
    rows = [f"{user * 40}\t\tartist {number}\t3" for user in "ab" for number in range(4)]
    rows[2] = rows[2][:-1] + "0"
    plays.write_text("\n".join(rows) + "\n", "utf-8")
    return plays


def test_bad_rows_are_left_out_and_reported_with_their_first_place(url, with_a_bad_row):
    line = f"1 row rejected, first {with_a_bad_row}:3: plays: count is not above zero"
    assert line in job(url, "--plays", with_a_bad_row, "--force").stdout.splitlines()
    data = report_of(url, "--plays", with_a_bad_row, "--force")["report"]["data"]
    assert data["rejected"] == {"plays: count is not above zero": 1}
    assert data["first_rejected"] == {"plays: count is not above zero": f"{with_a_bad_row}:3"}


def test_a_bad_row_ends_the_run_if_asked(url, files, with_a_bad_row):
    old = report_of(url, *files)
    finished = job(url, "--plays", with_a_bad_row, "--on-bad-row", "stop")
    assert_one_line_error(
        finished,
        2,
        f"{with_a_bad_row}:3: count is not above zero; fix the row or pass --on-bad-row skip",
    )
    assert open_store(url).current().version == old["version"]


def test_by_default_the_store_is_a_file_in_the_current_folder(files, tmp_path, monkeypatch):
    monkeypatch.delenv("RECOMMENDER_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    finished = run_here(main, *files, "--format", "json")
    assert finished.returncode == 0, finished.stderr
    store = open_store(f"sqlite:///{tmp_path / 'recommendations.db'}")
    assert store.current().version == json.loads(finished.stdout)["version"]


def test_the_environment_names_the_store_and_an_empty_name_is_none(files, tmp_path, monkeypatch):
    monkeypatch.setenv("RECOMMENDER_STORE", f"sqlite:///{tmp_path / 'named.db'}")
    assert run_here(main, *files).returncode == 0
    assert (tmp_path / "named.db").exists()
    monkeypatch.setenv("RECOMMENDER_STORE", "")
    monkeypatch.chdir(tmp_path)
    assert run_here(main, "--verify", "x").returncode == 1
    assert "recommendations.db" in run_here(main, "--verify", "x").stderr


def test_a_database_that_is_down_is_an_outside_failure(url):
    finished = job(url, "--source", "postgresql://reader:geheim@127.0.0.1:1/app")
    assert_one_line_error(finished, 1, "cannot be reached")
    assert "geheim" not in finished.stderr


def test_the_apps_database_of_the_environment_is_not_shown(url, monkeypatch):
    monkeypatch.setenv("RECOMMENDER_SOURCE", "postgresql://reader:geheim@127.0.0.1:1/app")
    asked = (["--help"], ["--verify", "x", "--rollback"], ["--profiles", "x"], ["--share", "2"])
    for options in asked:
        finished = job(url, *options)
        assert "geheim" not in finished.stdout + finished.stderr


def test_a_second_run_is_told_to_come_later(files, url):
    store = open_store(url, create=True)
    with store.lock():
        assert_one_line_error(job(url, *files), 75, "another run")
    assert job(url, *files).returncode == 0


def test_the_script_runs_by_itself_on_a_sample_and_says_what_it_did(url):
    finished = run_script(JOB, "--store", url)
    assert finished.returncode == 0, finished.stderr
    assert "using a sample" in finished.stderr
    assert finished.stdout.startswith("version ")
    for part in ("is published", "from neighbours", "rows rejected", "recall@20", "store items"):
        assert part in finished.stdout


def test_the_sample_is_published_to_no_store_that_users_are_served_from(monkeypatch):
    monkeypatch.delenv("RECOMMENDER_SOURCE", raising=False)
    with moto() as address:
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", address)
        url = "dynamodb://no-sample?region=eu-west-1"  # moto keeps the tables of other tests
        finished = job(url)
        assert_one_line_error(finished, 2, url, "--source", "RECOMMENDER_SOURCE", "--plays")
        assert open_store(url).current() is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_sigterm_stops_a_run_and_leaves_nothing(url, files):
    old = report_of(url, *files)
    running = subprocess.Popen(
        # The sample: large enough to be stopped. Its settings need no fold.
        [sys.executable, JOB, "--store", url, "--metric", "cosine"],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    folder = Path(url.removeprefix("sqlite:///")).parent
    while not (folder / ".recommendations.db.next").exists():
        assert running.poll() is None
        time.sleep(0.001)
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=240)
    assert running.returncode == 128 + signal.SIGTERM, errors
    assert b"stopped" in errors
    assert b"Traceback" not in errors
    assert [it.name for it in folder.iterdir() if it.name.startswith(".")] == []
    assert open_store(url).current().version == old["version"]
    assert job(url, *files).returncode == 0


def test_bad_rows_of_temporary_files_are_named_by_what_the_files_are(tmp_path):
    files = write_listeners(tmp_path, users=9, artists=12, seed=1)
    found = read_temporary(tmp_path, "the sample's ", *files, None, "skip")
    places = found.first_rejected.values()
    assert places
    assert all(place.startswith("the sample's usersha1-") for place in places)
    with pytest.raises(UserError, match="the sample's usersha1") as raised:
        read_temporary(tmp_path, "the sample's ", *files, None, "stop")
    assert str(tmp_path) not in str(raised.value)
