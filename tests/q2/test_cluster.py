"""Q2 on a cluster of real processes: the same bytes as without one, whatever happens to it."""

import gzip
import json
import os
import shutil
import subprocess
import tarfile
import threading
import zipfile
from pathlib import Path

import boto3
import fsspec
import pyarrow as pa
import pytest
from distributed import Client, get_task_stream
from moto.server import ThreadedMotoServer
from pyarrow import parquet

from logs import ranges as log_ranges
from logs.layouts import FORMATS
from tests.cluster_processes import cluster_of_processes, started
from tests.conftest import ROOT, assert_one_line_error
from tests.q2.conftest import FIXTURES, run
from traffic.question import GROUPINGS

SCRIPT = ROOT / "Q2" / "raw_data_analytics.py"
SECRETS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# Workers as in the image: they run the code of the folder.
FOLDER = {"PYTHONPATH": str(ROOT / "Q2")}


@pytest.fixture(scope="module")
def bucket_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, bucket_server):
    """Two workers, who know the bucket's server and its secrets from their own environment."""
    folder = tmp_path_factory.mktemp("cluster")
    variables = FOLDER | SECRETS | {"AWS_ENDPOINT_URL": bucket_server}
    with cluster_of_processes(folder, **variables) as found:
        yield found


@pytest.fixture
def small_ranges(monkeypatch):
    monkeypatch.setattr(log_ranges, "RANGE", 200)


def assert_same(cluster, *arguments):
    """Assert that the answer on the cluster is that without one, byte for byte."""
    alone = run(*arguments)
    together = run(*arguments, "--cluster", cluster.address)
    assert together.returncode == alone.returncode, together.stderr
    assert together.stdout == alone.stdout
    return alone


@pytest.mark.parametrize("by", ["extension", "date", "hour", "url"])
def test_the_answer_is_the_same_for_all_logs(cluster, small_ranges, by):
    alone = assert_same(cluster, FIXTURES, "--by", by, "--format", "json")
    assert alone.returncode == 0, alone.stderr


ALL_ELSE = [by for by in GROUPINGS if by not in ("extension", "date", "hour", "url")]


@pytest.mark.parametrize(
    "groupings",
    [["cache"], ["host"], ["date", "extension"], ["date", "host"], ALL_ELSE],
    ids=" ".join,
)
def test_the_answer_is_the_same_for_several_questions_at_once(cluster, small_ranges, groupings):
    """Of numbers and of texts, alone and together; the last has all that only some logs have."""
    asked = [option for by in groupings for option in ("--by", by)]
    asked += ["--exclude", "*.css", "--host", "*", "--top", "9", "--format", "json"]
    orders = ("--order", "bytes", "--order", "misses", "--measure", "percentiles")
    alone = assert_same(cluster, FIXTURES / "cloudfront-33-fields.log", *asked, *orders)
    assert alone.returncode == 0, alone.stderr


@pytest.mark.parametrize("log", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_the_answer_is_the_same_for_every_log(cluster, small_ranges, log):
    alone = assert_same(cluster, log, "--extension", "all")
    assert alone.returncode == 0, alone.stderr


@pytest.mark.parametrize("size", [1, 64, 1000])
def test_ranges_cut_at_line_ends_know_the_header_and_the_lines(
    cluster, monkeypatch, tmp_path, size
):
    """Rejects of several reasons in several ranges, a long line, a row that looks like a header."""
    rows = [f"2017-08-24\t10:00:0{number}\t{number}\t/{number}.jpg" for number in range(10)]
    rows[3], rows[5], rows[8] = "2017-08-24\t25:00:00\t1\t/a", "one field", "x\ty\tsize\turl"
    rows[6] += "/" * 300
    log = tmp_path / "log.tsv"
    log.write_text("date\ttime\tsize\turl\n" + "\n".join(rows), encoding="utf-8")
    monkeypatch.setattr(log_ranges, "RANGE", max(size, log.stat().st_size // 12))
    alone = assert_same(cluster, log, "--extension", "all", "--format", "json")
    assert f"{log}:5" in alone.stdout and f"{log}:7" in alone.stdout and f"{log}:10" in alone.stdout
    strict = assert_same(cluster, log, "--strict")
    assert_one_line_error(strict, 2, f"{log}:5: no time", "pass --on-bad-row skip")


def test_row_groups_of_parquet_are_ranges(cluster, monkeypatch, tmp_path):
    """A row that is not plain in one row group, another that is broken, and damage to one group."""
    log, rows = tmp_path / "log.parquet", 1000
    sizes = [*map(str, range(rows))]
    sizes[450], sizes[770] = " 450", "x"
    times = [f"2024-11-14T22:{n // 60 % 60:02}:{n % 60:02}Z" for n in range(rows)]
    urls = [f"/{n}.{'jpg' if n % 3 else 'css'}" for n in range(rows)]
    table = pa.table({"timestamp": times, "bytes": sizes, "url": urls})
    parquet.write_table(table, log, row_group_size=100)
    monkeypatch.setattr(log_ranges, "RANGE", 4096)
    with (
        Client(cluster.address, set_as_default=False) as client,
        get_task_stream(client) as stream,
    ):
        alone = assert_same(cluster, log, "--by", "extension", "--format", "json")
    assert f"{log}:771" in alone.stdout
    assert len([task for task in stream.data if task["key"].startswith("part_of")]) == 10
    place = parquet.ParquetFile(log).metadata.row_group(5).column(1).data_page_offset
    damaged = bytearray(log.read_bytes())
    damaged[place : place + 200] = bytes(200)
    log.write_bytes(damaged)
    assert (
        assert_same(cluster, log, FIXTURES / "plain.tsv", "--on-bad-file", "skip").returncode == 3
    )


def test_stop_reads_little_beyond_the_first_bad_row(cluster, monkeypatch, tmp_path):
    log, ranges = tmp_path / "log.tsv", 300
    row = "2017-08-24\t10:00:00\t1\t/a.jpg\n"
    log.write_text(row * 20 + "broken\n" + row * 40 * ranges, encoding="utf-8")
    monkeypatch.setattr(log_ranges, "RANGE", 40 * len(row))
    with (
        Client(cluster.address, set_as_default=False) as client,
        get_task_stream(client) as stream,
    ):
        strict = assert_same(cluster, log, "--strict")
    assert_one_line_error(strict, 2, f"{log}:21")
    read = [task for task in stream.data if task["key"].startswith("part_of")]
    assert 1 <= len(read) < ranges / 3


def test_a_fields_line_in_the_middle_counts_for_the_ranges_after_it(cluster, monkeypatch, tmp_path):
    log = tmp_path / "iis.log"
    head = "#Fields: date time cs-uri-stem sc-bytes sc-status\n"
    other = "#Fields: date time sc-status sc-bytes cs-uri-stem\n"
    first = "".join(f"2017-08-24 10:00:00 /{n}.jpg {n} 200\n" for n in range(40))
    then = "".join(f"2017-08-24 11:00:00 404 {n} /{n}.jpg\n" for n in range(40))
    log.write_text(head + first + other + then + "broken\n", encoding="utf-8")
    monkeypatch.setattr(log_ranges, "RANGE", 150)
    alone = assert_same(cluster, log, "--by", "status", "--format", "json")
    assert '"status": "404"' in alone.stdout and f"{log}:83" in alone.stdout
    log.write_text(head + first + other.replace("sc-bytes", "cs-bytes") + then, encoding="utf-8")
    assert_one_line_error(assert_same(cluster, log), 2, f"{log}:42")


QUOTED = {
    "akamai.log": (
        "#Fields: date time cs-uri sc-bytes cs(User-Agent)\n",
        lambda n: f'2017-08-24\t10:00:00\t/{n}.jpg\t{n}\t"a ""b""\tc"\n',
        "#Fields: cs(User-Agent) date time sc-bytes cs-uri\n",
        lambda n: f'"d\te"\t2017-08-25\t11:00:00\t{n}\t"/x ""{n}"".jpg"\n',
    ),
    "table.csv": (
        '"timestamp","bytes","url"\r\n',
        lambda n: f'"2017-08-24T10:00:00+08:00","{n}","/a,{n}.jpg"\r\n',
        '\ufeff"timestamp","bytes","url"\r\n',
        lambda n: f'2017-08-25T10:00:00Z,{n},"/b""{n}"".jpg"\r\n',
    ),
}


@pytest.mark.parametrize("name", QUOTED)
def test_quotes_and_a_header_in_the_middle_count_in_ranges(cluster, monkeypatch, tmp_path, name):
    head, write, other, write_then = QUOTED[name]
    log = tmp_path / name
    lines = [head, *map(write, range(500)), other, *map(write_then, range(500))]
    log.write_text("".join(lines), encoding="utf-8", newline="")
    monkeypatch.setattr(log_ranges, "RANGE", 4096)
    alone = assert_same(cluster, log, "--by", "date", "--format", "csv")
    total = sum(range(500))
    assert [line.split(",")[:3] for line in alone.stdout.splitlines()[1:]] == [
        ["2017-08-24", "500", str(total)],
        ["2017-08-25", "500", str(total)],
    ]
    assert_same(cluster, log, "--by", "url", "--top", "9", "--format", "csv")


def test_compressed_files_are_read_whole(cluster, small_ranges, tmp_path):
    plain = (FIXTURES / "plain.tsv").read_bytes() * 50
    (tmp_path / "a.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "b.tsv").write_bytes(plain)
    alone = assert_same(cluster, tmp_path, "--by", "url", "--top", "2", "--format", "csv")
    assert alone.returncode == 0, alone.stderr


@pytest.mark.parametrize("by", ["hour", "url"])
def test_archives_and_bad_files(cluster, monkeypatch, tmp_path, by):
    """A bad header in a later range takes its whole log with it; a bad member, itself alone."""
    plain = (FIXTURES / "plain.tsv").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.tsv", plain)
        archive.writestr("README", b"hello\n")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        archive.add(FIXTURES / "plain.tsv", "b.tsv")
    (tmp_path / "c.gz").write_bytes(gzip.compress(plain * 99)[:-9])
    head = "#Fields: date time sc-bytes cs-uri-stem\n"
    rows = "2017-08-24 00:00:00 3 /a.jpg\n" * 40
    bad = head.replace("sc-bytes", "cs-bytes") + rows
    (tmp_path / "d.log").write_text(head + rows + bad, encoding="utf-8")
    (tmp_path / "e.tsv").write_bytes(plain * 9 + plain[:-1])
    monkeypatch.setattr(log_ranges, "RANGE", 500)
    asked = ("--by", by, "--top", "99", "--time-zone", "Europe/Berlin", "--format", "json")
    assert_one_line_error(assert_same(cluster, tmp_path, *asked), 2, "a.zip")
    together = assert_same(cluster, tmp_path, *asked, "--on-bad-file", "skip")
    assert together.returncode == 3
    left_out = json.loads(together.stdout)["files_left_out"]
    names = [str(Path(name).relative_to(tmp_path)) for name in left_out]
    assert names == [str(Path("a.zip", "README")), "c.gz", "d.log"]


def test_a_ledger_is_the_same(cluster, tmp_path):
    ledgers = (tmp_path / "alone.ledger", tmp_path / "together.ledger")
    asked = (FIXTURES / "plain.tsv", FIXTURES / "header.tsv", "--by", "date", "--format", "json")
    alone = run(*asked, "--ledger", ledgers[0])
    together = run(*asked, "--ledger", ledgers[1], "--cluster", cluster.address)
    assert (together.returncode, together.stdout) == (0, alone.stdout)
    assert ledgers[0].read_bytes() == ledgers[1].read_bytes()


def test_the_first_lines_alone_may_be_empty_or_unknown(cluster, tmp_path):
    (tmp_path / "empty.log").write_bytes(b"")
    assert_one_line_error(assert_same(cluster, tmp_path / "empty.log"), 2, "empty")
    (tmp_path / "other.log").write_bytes(b"hello\n")
    alone = assert_same(cluster, tmp_path / "other.log")
    assert_one_line_error(alone, 2, *FORMATS)


def test_the_sample_log_and_standard_input(cluster):
    assert assert_same(cluster).returncode == 0
    assert_one_line_error(run("-", "--cluster", cluster.address), 2, "standard input")


def test_logs_in_a_bucket(cluster, bucket_server, monkeypatch):
    """The workers find the server and the secrets in their own environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket_server)
    store = boto3.client("s3", region_name="us-east-1")
    store.create_bucket(Bucket="logs")
    for name in ("header.tsv", "iis.log", "combined.log"):
        store.put_object(Bucket="logs", Key=f"cdn/{name}", Body=(FIXTURES / name).read_bytes())
    monkeypatch.setattr(log_ranges, "RANGE", 100)
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # it knows the server of other tests
    alone = assert_same(cluster, "s3://logs/cdn/", "--by", "url", "--format", "json")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    assert alone.returncode == 0, alone.stderr


def test_a_log_that_workers_do_not_see(cluster, tmp_path, monkeypatch):
    shutil.copy(FIXTURES / "plain.tsv", tmp_path / "plain.tsv")
    from traffic import distributed as traffic_cluster

    ranges = traffic_cluster.all_ranges

    def unlinked(*arguments):
        found = ranges(*arguments)
        (tmp_path / "plain.tsv").unlink()
        return found

    monkeypatch.setattr(traffic_cluster, "all_ranges", unlinked)
    finished = run(tmp_path / "plain.tsv", "--cluster", cluster.address)
    assert_one_line_error(finished, 2, "plain.tsv", "every worker")


@pytest.fixture
def busy_folder(tmp_path):
    """Logs that keep each worker busy for some seconds, since it compiles the kernel first."""
    rows = b"".join(
        b'1.2.3.4 - - [24/Aug/2017:10:00:%02d +0000] "GET /%d.jpg HTTP/1.1" 200 %d\n'
        % (number % 60, number % 97, number)
        for number in range(100_000)
    )
    for number in range(8):
        (tmp_path / f"{number}.log").write_bytes(rows)
    return tmp_path


@pytest.mark.slow
def test_a_worker_killed_at_work_changes_nothing(tmp_path_factory, busy_folder):
    alone = run(busy_folder, "--by", "hour", "--format", "json")
    with cluster_of_processes(tmp_path_factory.mktemp("cluster"), **FOLDER) as cluster:
        at_work = started(
            SCRIPT, busy_folder, "--by", "hour", "--format", "json", "--cluster", cluster.address
        )
        cluster.kill_a_busy_worker()
        stdout, stderr = at_work.communicate(timeout=300)
    assert at_work.returncode == 0, stderr
    assert stdout == alone.stdout


@pytest.mark.slow
def test_a_scheduler_lost_at_work_is_one_line(tmp_path_factory, busy_folder):
    with cluster_of_processes(tmp_path_factory.mktemp("cluster"), **FOLDER) as cluster:
        at_work = started(SCRIPT, busy_folder, "--cluster", cluster.address)
        cluster.wait_until_busy()
        cluster.scheduler.kill()
        stdout, stderr = at_work.communicate(timeout=300)
    finished = subprocess.CompletedProcess([], at_work.returncode, stdout, stderr)
    assert not stdout
    assert_one_line_error(finished, 1, "scheduler", cluster.address)


@pytest.mark.slow
def test_a_cluster_without_workers_is_waited_for_but_not_for_ever(
    tmp_path_factory, busy_folder, monkeypatch
):
    monkeypatch.setattr("common.cluster.WORKER_SECONDS", 3)
    with cluster_of_processes(tmp_path_factory.mktemp("cluster"), **FOLDER) as cluster:

        def deserted() -> None:
            cluster.wait_until_busy()
            cluster.stop_workers()

        thread = threading.Thread(target=deserted)
        thread.start()
        finished = run(busy_folder, "--by", "hour", "--cluster", cluster.address)
        thread.join()
    assert not finished.stdout
    assert_one_line_error(finished, 1, "no worker was left for 3 s", cluster.address)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL to send")
@pytest.mark.parametrize(
    ("log", "copies", "options", "requests", "size"),
    [
        ("nasa-1995-date-time-size-url.tsv", 1, ["--extension", "jpg"], 694, 57_780_177),
        ("cloudfront-2018-26-fields.gz", 100, ["--by", "cache"], 66, None),
    ],
)
def test_a_worker_killed_changes_nothing_of_real_logs(
    real_data, tmp_path_factory, monkeypatch, log, copies, options, requests, size
):
    """A log in a hundred ranges, and another, that is compressed, a hundred times."""
    folder = tmp_path_factory.mktemp("logs")
    for number in range(copies):
        shutil.copy(real_data / "q2" / log, folder / f"{number}-{log}")
    monkeypatch.setattr(
        log_ranges, "RANGE", (real_data / "q2" / log).stat().st_size // 100 * copies
    )
    asked = [folder, *options, "--format", "json"]
    alone = run(*asked)
    with cluster_of_processes(tmp_path_factory.mktemp("cluster"), **FOLDER) as cluster:
        killed = cluster.kill_a_worker_after(10, "part_of")
        together = run(*asked, "--cluster", cluster.address)
        assert killed.exists(), "no worker was killed"
    assert together.returncode == 0, together.stderr
    assert together.stdout == alone.stdout
    found = json.loads(together.stdout)
    assert found["requests"] == requests * copies
    assert size is None or found["bytes"] == size * copies


@pytest.mark.slow
def test_workers_need_the_folder(tmp_path):
    with cluster_of_processes(tmp_path, PYTHONPATH="") as cluster:
        finished = run(FIXTURES / "plain.tsv", "--cluster", cluster.address)
    assert_one_line_error(finished, 1, f"{cluster.address}: Q2 is not on its PYTHONPATH")


@pytest.mark.slow
def test_workers_need_the_same_code(tmp_path):
    other = shutil.copytree(ROOT / "Q2", tmp_path / "Q2")
    with (other / "logs" / "names.py").open("a", encoding="utf-8") as module:
        module.write("# changed\n")
    with cluster_of_processes(tmp_path, PYTHONPATH=str(other)) as cluster:
        finished = run(FIXTURES / "plain.tsv", "--cluster", cluster.address)
    assert_one_line_error(finished, 1, "has other versions: code ", "use one image")


@pytest.mark.slow
def test_nobody_answers_at_the_address():
    finished = run("--cluster", "tcp://127.0.0.1:1")
    assert_one_line_error(finished, 1, "tcp://127.0.0.1:1")
    assert_one_line_error(run("--cluster", "127.0.0.1"), 2, "tcp://host:8786")
