"""Q3a on a cluster of real processes: the same tagger as without one, whatever happens to it."""

from common.command import OutsideError, UserError

import importlib.util
import json
import os
import subprocess

import pandas as pd
import pytest
from joblib import Parallel, delayed

from articles.parallel import backend_class, cluster_client, on_all_cores
from tests.cluster_processes import cluster_of_processes, started
from tests.conftest import ROOT, assert_one_line_error, run_script

SCRIPT = ROOT / "Q3a" / "tagging_prediction.py"
LINEAR = ("--format", "json", "--model", "linear")


class Unreadable:
    """An argument that cannot be made again where it is sent."""

    def __reduce__(self):
        return divmod, (1, 0)


def q3a_cluster(tmp_path_factory):
    """Return a cluster whose processes run Q3a's code."""
    folder = tmp_path_factory.mktemp("cluster")
    return cluster_of_processes(folder, PYTHONPATH=str(SCRIPT.parent))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with q3a_cluster(tmp_path_factory) as found:
        yield found


def connected(address: str):
    """Connect as Q3a does: a plain import may find another question's copy."""
    spec = importlib.util.spec_from_file_location(
        "cluster_of_q3a", SCRIPT.parent / "common" / "cluster.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.connected(address)


@pytest.mark.slow
def test_a_worker_killed_at_work_changes_neither_report_nor_tags(tmp_path_factory, tmp_path):
    alone = run_script(SCRIPT, *LINEAR, "--output", tmp_path / "alone.csv")
    assert alone.returncode == 0, alone.stderr
    with q3a_cluster(tmp_path_factory) as cluster:
        output = tmp_path / "together.csv"
        at_work = started(SCRIPT, *LINEAR, "--output", output, "--cluster", cluster.address)
        cluster.kill_a_busy_worker()
        stdout, stderr = at_work.communicate(timeout=200)
    assert at_work.returncode == 0, stderr
    assert stdout == alone.stdout
    assert output.read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_words_are_found_on_the_cluster_in_chunks(cluster, monkeypatch):
    from articles import words

    monkeypatch.setattr(words, "PARALLEL_CHARACTERS", 0)
    monkeypatch.setattr(words, "CHUNK", 3)
    texts = [f"拜登總統在白宮會見 NBA 球員{number}" for number in range(20)]
    with connected(cluster.address) as client:
        assert words.segment_in_parallel(texts) == words.segment(texts)
        where = client.run(lambda: "articles.words" in __import__("sys").modules)
    assert any(where.values())


@pytest.mark.slow
def test_a_scheduler_lost_at_work_is_one_line_and_leaves_nothing(tmp_path_factory, tmp_path):
    output = tmp_path / "tags.csv"
    with q3a_cluster(tmp_path_factory) as cluster:
        at_work = started(SCRIPT, *LINEAR, "--output", output, "--cluster", cluster.address)
        cluster.wait_until_busy()
        cluster.scheduler.kill()
        stdout, stderr = at_work.communicate(timeout=120)
    finished = subprocess.CompletedProcess([], at_work.returncode, stdout, stderr)
    assert not stdout and not list(tmp_path.iterdir())
    assert_one_line_error(finished, 1, "scheduler", cluster.address)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL to send")
def test_a_worker_killed_changes_nothing_of_real_articles(real_data, tmp_path_factory, tmp_path):
    """A fourth of the Hong Kong articles, which is enough of a search to be in the middle of."""
    articles = pd.read_csv(real_data / "q3a" / "hk01-2021-silver.csv", dtype=str).iloc[::4]
    articles.to_csv(tmp_path / "articles.csv", index=False)
    asked = [*LINEAR, "--train", tmp_path / "articles.csv", "--importance", "model"]
    alone = run_script(SCRIPT, *asked)
    assert alone.returncode == 0, alone.stderr
    with q3a_cluster(tmp_path_factory) as cluster:
        killed = cluster.kill_a_worker_after(5, "batch_of")
        together = run_script(SCRIPT, *asked, "--cluster", cluster.address)
        assert killed.exists(), "no worker was killed"
    assert together.returncode == 0, together.stderr
    assert json.loads(together.stdout)["articles"] == len(articles)
    assert together.stdout == alone.stdout


@pytest.mark.slow
def test_a_task_that_ends_worker_after_worker_is_one_line(tmp_path_factory):
    with (
        q3a_cluster(tmp_path_factory) as cluster,
        pytest.raises(OutsideError, match="a task ended 4 workers"),
        connected(cluster.address),
        on_all_cores(),
    ):
        Parallel(n_jobs=-1)(delayed(os._exit)(1) for _ in range(2))


def test_a_task_that_no_worker_can_read_ends_the_loop(cluster):
    with connected(cluster.address), on_all_cores(), pytest.raises(RuntimeError, match="deserial"):
        Parallel(n_jobs=-1)(delayed(len)(Unreadable()) for _ in range(2))


@pytest.mark.slow
def test_a_worker_without_the_code_is_one_line(tmp_path_factory):
    with cluster_of_processes(tmp_path_factory.mktemp("bare"), PYTHONPATH="") as bare:
        finished = run_script(SCRIPT, *LINEAR, "--cluster", bare.address)
    assert_one_line_error(finished, 1, bare.address, "Q3a is not on its PYTHONPATH")


def test_other_backends_of_joblib_are_one_line():
    with pytest.raises(OutsideError, match=r"joblib .* has no missing_method; "):
        backend_class("sequential", "missing_method")


@pytest.mark.slow
def test_nobody_answers_at_the_address():
    finished = run_script(SCRIPT, *LINEAR, "--cluster", "tcp://127.0.0.1:1")
    assert_one_line_error(finished, 1, "tcp://127.0.0.1:1")


@pytest.mark.slow
def test_a_cluster_that_cannot_be_asked_leaves_no_client():
    with pytest.raises(UserError, match="missing port number"), connected("127.0.0.1"):
        pass
    assert cluster_client() is None
