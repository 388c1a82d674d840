"""Q3b's daily job and evaluation on a cluster of real processes: the same answers as without."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import CancelledError
from contextlib import suppress

import pandas as pd
import pytest
from distributed import Client

import recommend_daily
from listening.sample.files import write_listeners
from recommender.tasks import completed
from store.url import open_store
from tests.cluster_processes import cluster_of_processes, started
from tests.conftest import (
    ROOT,
    assert_one_line_error,
    clean_environment,
    run_here,
    run_script,
)
from tests.q3b.store.conftest import moto

JOB, EVALUATE = "Q3b/recommend_daily.py", "Q3b/evaluate.py"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# Scheduler and workers run the same checkout, as in the image.
FOLDER = {"PYTHONPATH": str(ROOT / "Q3b")}
USERS = 1200


@pytest.fixture(scope="module")
def dynamodb():
    with moto() as address:
        yield {"DYNAMODB_ENDPOINT_URL": address} | KEYS


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, dynamodb):
    with cluster_of_processes(tmp_path_factory.mktemp("cluster"), **FOLDER, **dynamodb) as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The options that name plays and profiles of two blocks of users and many countries."""
    plays, profiles = write_listeners(tmp_path_factory.mktemp("listeners"), USERS, 300, seed=5)
    return ["--plays", str(plays), "--profiles", str(profiles)]


def published(url, *options):
    """Run the job and return its report; on a cluster as a process, which imports Q3b alone."""
    asked = ["--store", url, "--format", "json", "--force", *options]
    alone = "--cluster" in options
    finished = run_script(JOB, *asked) if alone else run_here(recommend_daily.main, *asked)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)["report"]


def contents(path):
    """All rows of the published set: users, lists and artists."""
    with sqlite3.connect(path) as connection:
        number = connection.execute("SELECT current FROM pointer").fetchone()[0]
        tables = [f"users_{number}", f"lists_{number}", f"items_{number}"]
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
            for table in tables
        ]


@pytest.mark.parametrize(
    "method",
    [
        ["--voters", "900"],
        pytest.param(["--metric", "cosine"], marks=pytest.mark.slow),
        pytest.param(["--metric", "euclidean"], marks=pytest.mark.slow),
        pytest.param(["--blend", "als"], marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_the_set_is_the_same_byte_for_byte(cluster, files, tmp_path, method):
    reports = []
    for name, where in (("here", []), ("there", ["--cluster", cluster.address])):
        url = f"sqlite:///{tmp_path / name}.db"
        reports.append(published(url, *files, *method, *where))
    assert contents(tmp_path / "here.db") == contents(tmp_path / "there.db")
    assert len(contents(tmp_path / "here.db")[0]) == USERS + 1
    for part in ("data", "metrics", "voters", "rules", "store_items"):
        assert reports[0][part] == reports[1][part]
    everybody = reports[0]["data"]["users"]
    assert reports[0]["voters"] == (900 if "--voters" in method else everybody)


@pytest.mark.slow
def test_played_artists_may_be_included_there_too(cluster, files, tmp_path):
    options = [*files, "--include-played", "--recommendations", "3"]
    published(f"sqlite:///{tmp_path / 'here.db'}", *options)
    published(f"sqlite:///{tmp_path / 'there.db'}", *options, "--cluster", cluster.address)
    assert contents(tmp_path / "here.db") == contents(tmp_path / "there.db")


@pytest.mark.slow
def test_workers_write_to_dynamodb_themselves(cluster, files, tmp_path, dynamodb, monkeypatch):
    for name, value in dynamodb.items():
        monkeypatch.setenv(name, value)
    options = [*files, "--share", "0.1"]
    report = published(f"sqlite:///{tmp_path / 'here.db'}", *options)
    table = "dynamodb://recommendations?region=eu-west-1"
    published(table, *options, "--cluster", cluster.address, "--run-id", "day")
    here, there = open_store(f"sqlite:///{tmp_path / 'here.db'}"), open_store(table)
    for user in report["checked_users"]:
        for part in ("items", "top_items", "rule", "neighbours"):
            assert there.user(user)[part] == here.user(user)[part]
    there.close()


@pytest.mark.slow
def test_an_evaluation_finds_the_same(cluster):
    models = ["--models=user-user euclidean", "--models=damped vote", "--splits", "2"]
    rows = []
    for where in ([], ["--cluster", cluster.address]):
        finished = run_script(EVALUATE, *models, "--format", "json", *where)
        assert finished.returncode == 0, finished.stderr
        report = json.loads(finished.stdout)
        figures = [one | {"seconds": None} for one in report["models"]]
        rows.append((figures, report["differences"]))
    assert rows[0] == rows[1]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL to send")
def test_a_worker_killed_in_the_middle_changes_nothing(cluster, tmp_path):
    plays, profiles = write_listeners(tmp_path, 6000, 1500, seed=6)
    files = ["--plays", str(plays), "--profiles", str(profiles)]
    published(f"sqlite:///{tmp_path / 'here.db'}", *files)
    job = started(
        JOB, "--store", f"sqlite:///{tmp_path / 'there.db'}", *files, "--cluster", cluster.address
    )
    cluster.kill_a_busy_worker()
    assert job.poll() is None, "the job was done before the worker was killed"
    _, errors = job.communicate(timeout=240)
    assert job.returncode == 0, errors
    assert contents(tmp_path / "here.db") == contents(tmp_path / "there.db")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL to send")
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_worker_killed_changes_nothing_of_real_plays(real_data, tmp_path, metric):
    """HetRec's listeners have no profiles, so that all are of one country."""
    folder = real_data / "q3b" / "hetrec2011-lastfm-2k"
    plays = pd.read_csv(folder / "user_artists.dat", sep="\t", dtype=str)
    plays.columns = ["user_id", "artist_id", "plays"]
    plays["artist_name"] = "artist " + plays["artist_id"]
    plays.astype({"plays": int}).to_parquet(tmp_path / "plays.parquet")
    asked = ["--plays", str(tmp_path / "plays.parquet"), "--metric", metric]
    published(f"sqlite:///{tmp_path / 'here.db'}", *asked)
    with cluster_of_processes(tmp_path, **FOLDER) as cluster:
        killed = cluster.kill_a_worker_after(1, "block_of_part")
        published(f"sqlite:///{tmp_path / 'there.db'}", *asked, "--cluster", cluster.address)
        assert killed.exists(), "no worker was killed"
    assert contents(tmp_path / "here.db") == contents(tmp_path / "there.db")
    assert len(contents(tmp_path / "here.db")[0]) == 1892


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL to send")
@pytest.mark.parametrize("metric", ["cosine", pytest.param("euclidean", marks=pytest.mark.slow)])
def test_a_lost_scheduler_is_one_line_and_readers_stay_on_the_old_set(tmp_path, files, metric):
    files = [*files, "--metric", metric]
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    published(url, *files, "--share", "0.1")
    old, run = contents(tmp_path / "recommendations.db"), open_store(url).current()
    with cluster_of_processes(tmp_path, **FOLDER) as doomed:
        job = started(JOB, "--store", url, *files, "--cluster", doomed.address)
        doomed.wait_for("held_out")
        doomed.scheduler.kill()
        _, errors = job.communicate(timeout=120)
    assert job.returncode == 1, errors
    assert "Traceback" not in errors
    *said, last = errors.strip().splitlines()
    assert "the scheduler was lost" in last
    assert [line for line in said if ": workers 2, http" not in line] == []
    assert open_store(url).current() == run
    assert contents(tmp_path / "recommendations.db") == old
    with sqlite3.connect(tmp_path / "recommendations.db") as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_progress_is_shown_in_a_terminal(cluster, files, tmp_path):
    import termios  # not on Windows

    terminal, end = os.openpty()
    termios.tcsetwinsize(end, (24, 80))
    url, shown = f"sqlite:///{tmp_path / 'recommendations.db'}", b""
    asked = [*files, "--share", "0.1", "--force", "--cluster", cluster.address]
    command = [sys.executable, JOB, "--store", url, *asked]
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment(), stderr=end) as running:
        os.close(end)
        with suppress(OSError):  # at the end of a terminal Linux has an error to tell
            while part := os.read(terminal, 4096):
                shown += part
    os.close(terminal)
    assert running.returncode == 0
    users = open_store(url).current().users
    assert re.search(rf"recommending: 100%\|█+\| {users}/{users} ", shown.decode("utf-8"))


def test_blocks_do_not_go_on_without_their_scheduler(cluster):
    """A lost scheduler leaves futures that are cancelled: they end as if they were done."""
    with Client(cluster.address) as client:
        future = client.submit(int, pure=False)
        future.cancel()
        with pytest.raises(CancelledError):
            list(completed([future]))


def test_tasks_are_sent_as_others_are_done(cluster):
    sent = []

    def futures():
        for number in range(9):
            sent.append(number)
            yield client.submit(int, number, pure=False)

    with Client(cluster.address) as client:
        found = completed(futures(), ahead=3)
        assert sent == []
        first = next(found)[1]
        assert len(sent) == 4
        assert sorted([first, *(result for _, result in found)]) == list(range(9))


@pytest.mark.parametrize(
    ("address", "status", "part"),
    [
        pytest.param("tcp://127.0.0.1:1", 1, "no scheduler answers", marks=pytest.mark.slow),
        ("http://127.0.0.1:8786", 2, "write tcp://host:8786 or local"),
        ("tcp://127.0.0.1", 2, "write tcp://host:8786 or local"),
        ("tcp://127.0.0.1:port", 2, "--cluster tcp://127.0.0.1:port"),
    ],
)
def test_a_wrong_address_is_one_line(files, tmp_path, address, status, part):
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    finished = run_here(recommend_daily.main, "--store", url, *files, "--cluster", address)
    assert_one_line_error(finished, status, part)


def test_the_environment_names_the_scheduler_too(files, tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "udp://nowhere")
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    finished = run_here(recommend_daily.main, "--store", url, *files)
    assert_one_line_error(finished, 2, "udp://nowhere")


@pytest.mark.slow
def test_a_cluster_without_the_folder_is_one_line(files, tmp_path):
    there = f"sqlite:///{tmp_path / 'there.db'}"
    with cluster_of_processes(tmp_path, PYTHONPATH="") as bare:
        finished = run_script(JOB, "--store", there, *files, "--cluster", bare.address)
    assert_one_line_error(finished, 1, "Q3b is not on its PYTHONPATH")
    assert len(finished.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_cluster_with_other_code_is_one_line(files, tmp_path):
    other = tmp_path / "Q3b"
    shutil.copytree(ROOT / "Q3b", other, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "job" / "run.py").open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    there = f"sqlite:///{tmp_path / 'there.db'}"
    with cluster_of_processes(tmp_path, PYTHONPATH=str(other)) as edited:
        finished = run_script(JOB, "--store", there, *files, "--cluster", edited.address)
    assert_one_line_error(finished, 1, "the scheduler has other versions: code ", "use one image")


@pytest.mark.slow
def test_local_starts_workers_here(files, tmp_path):
    published(f"sqlite:///{tmp_path / 'here.db'}", *files)
    there = f"sqlite:///{tmp_path / 'there.db'}"
    finished = run_script(JOB, "--store", there, *files, "--cluster", "local")
    assert finished.returncode == 0, finished.stderr
    assert "http://127.0.0.1:" in finished.stderr
    assert contents(tmp_path / "here.db") == contents(tmp_path / "there.db")
