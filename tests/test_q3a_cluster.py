"""Q3a on a cluster of real processes: the same tagger as without one, whatever happens to it."""

import importlib.util
import subprocess
import sys

import pytest
from cluster_processes import cluster_of_processes
from conftest import ROOT, assert_one_line_error, clean_environment, run_script

SCRIPT = ROOT / "Q3a" / "tagging_prediction.py"
LINEAR = ("--no-cache", "--format", "json", "--model", "linear")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with cluster_of_processes(tmp_path_factory.mktemp("cluster")) as found:
        yield found


def started(*arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    )


@pytest.mark.slow
def test_a_worker_killed_at_work_changes_neither_report_nor_tags(tmp_path_factory, tmp_path):
    alone = run_script(SCRIPT, *LINEAR, "--output", tmp_path / "alone.csv")
    assert alone.returncode == 0, alone.stderr
    with cluster_of_processes(tmp_path_factory.mktemp("cluster")) as cluster:
        output = tmp_path / "together.csv"
        at_work = started(*LINEAR, "--output", output, "--cluster", cluster.address)
        cluster.kill_a_busy_worker()
        stdout, stderr = at_work.communicate(timeout=200)
    assert at_work.returncode == 0, stderr.decode()
    assert stdout.decode() == alone.stdout
    assert output.read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_words_are_found_on_the_cluster_in_chunks(cluster, monkeypatch):
    import word_cache
    from segmentation import segment

    # A plain import may find another folder's copy, which sends that folder's modules.
    spec = importlib.util.spec_from_file_location("cluster_of_q3a", SCRIPT.with_name("cluster.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(word_cache, "PARALLEL_CHARACTERS", 0)
    monkeypatch.setattr(word_cache, "CHUNK", 3)
    texts = [f"拜登總統在白宮會見 NBA 球員{number}" for number in range(20)]
    with module.connected(cluster.address) as client:
        assert word_cache.cached_words(texts, None) == segment(texts)
        where = client.run(lambda: "segmentation" in __import__("sys").modules)
    assert any(where.values())


@pytest.mark.slow
def test_a_scheduler_lost_at_work_is_one_line_and_leaves_nothing(tmp_path_factory, tmp_path):
    output = tmp_path / "tags.csv"
    with cluster_of_processes(tmp_path_factory.mktemp("cluster")) as cluster:
        at_work = started(*LINEAR, "--output", output, "--cluster", cluster.address)
        cluster.wait_until_busy()
        cluster.scheduler.kill()
        stdout, stderr = at_work.communicate(timeout=120)
    finished = subprocess.CompletedProcess([], at_work.returncode, stdout, stderr.decode())
    assert not stdout and not list(tmp_path.iterdir())
    assert_one_line_error(finished, 1, "scheduler", cluster.address)


def test_nobody_answers_at_the_address(tmp_path):
    finished = run_script(SCRIPT, *LINEAR, "--cluster", "tcp://127.0.0.1:1")
    assert_one_line_error(finished, 1, "tcp://127.0.0.1:1")
