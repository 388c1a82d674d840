"""Q2's plain question against its peers: the same total, in how many seconds and how much memory?

\b
    python benchmarks/q2_cdn_log.py                                     2 million rows, 80 MB
    python benchmarks/q2_cdn_log.py --rows 20000000                     20 million rows, 0.8 GB
    python benchmarks/q2_cdn_log.py --rows 20000000 --scaling 1 --scaling 2   and how that grows

Every run is a process of its own. `query` is the time from the end of its imports to the answer,
the median of the runs after the first one, which is `first`; `cpu` is what that took on all cores,
a figure that a busy machine disturbs less; `process` is all of another run, Python's start and
the imports too. The peak is that of the process.
Logs of CloudFront (33 fields), combined ones, totals by URL, JSON lines, Parquet and a folder of
small files have a quarter of the rows.
"""

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import click
import q2_layouts
import q2_sources
from comparisons import note
from process_memory import peak_memory

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q2"))

from common.command import Command

FIRST, LAST = "2017-08-24", "2017-08-25"
ROWS_AT_A_TIME = 1_000_000


# The queries: each imports what it needs and returns a function from a path to the total of bytes.


def ours():
    """This project."""
    from logs.sources import find_sources
    from traffic.answer import answer
    from traffic.question import Question

    question = Question(date.fromisoformat(FIRST), date.fromisoformat(LAST), ("jpg",))
    return lambda path: answer(find_sources([path]), question).bytes


def polars():
    """Polars, streaming."""
    import polars as pl

    def query(path):
        day, url = pl.col("date"), pl.col("url")
        log = pl.scan_csv(path, separator="\t", schema_overrides={"date": pl.String})
        asked = log.filter((day >= FIRST) & (day <= LAST) & url.str.ends_with(".jpg"))
        return asked.select(pl.col("size").sum()).collect(engine="streaming").item()

    return query


def duckdb():
    """DuckDB."""
    import duckdb as db

    def query(path):
        return db.sql(
            f"SELECT sum(size) FROM read_csv('{path}', delim='\t') "  # noqa: S608 our own path
            f"WHERE date BETWEEN '{FIRST}' AND '{LAST}' AND url LIKE '%.jpg'"
        ).fetchall()[0][0]

    return query


def pyarrow():
    """PyArrow's dataset."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as csv
    import pyarrow.dataset as ds

    layout = ds.CsvFileFormat(csv.ParseOptions(delimiter="\t"))
    schema = pa.schema(
        {"date": pa.date32(), "time": pa.string(), "size": pa.int64(), "url": pa.string()}
    )

    def query(path):
        day, url = ds.field("date"), ds.field("url")
        asked = (day >= date.fromisoformat(FIRST)) & (day <= date.fromisoformat(LAST))
        log = ds.dataset(path, format=layout, schema=schema)
        table = log.to_table(columns=["size"], filter=asked & pc.ends_with(url, ".jpg"))
        return pc.sum(table["size"]).as_py()

    return query


def pandas_chunks():
    """pandas, in chunks of a million rows and three columns."""
    import pandas as pd

    def query(path):
        chunks = pd.read_csv(
            path, sep="\t", usecols=["date", "size", "url"], chunksize=ROWS_AT_A_TIME
        )
        return int(sum(pandas_total(chunk) for chunk in chunks))

    return query


def pandas_whole():
    """The classic way: pandas, the whole file in memory."""
    import pandas as pd

    return lambda path: int(pandas_total(pd.read_csv(path, sep="\t")))


def pandas_total(log):
    """The total of a frame."""
    asked = log["date"].between(FIRST, LAST) & log["url"].str.endswith(".jpg")
    return log.loc[asked, "size"].sum()


OTHER_LOGS = q2_layouts.PEERS | q2_sources.PEERS
# By the kind of log, with which its file's name begins
QUERIES = {
    "cdn": {
        query.__name__: query
        for query in (ours, polars, duckdb, pyarrow, pandas_chunks, pandas_whole)
    },
    **{kind: {"ours": ours, **peers} for kind, peers in OTHER_LOGS.items()},
}


def kind_of(path: str | Path) -> str:
    """The kind of a log."""
    return Path(path).name.partition("-")[0]


def run_here(name: str, path: str, runs: int) -> None:
    """Run a query in this process and print its figures as JSON."""
    query, seconds, cpu = QUERIES[kind_of(path)][name](), [], []
    for _ in range(runs):
        start, cpu_start = time.perf_counter(), time.process_time()
        total = query(path)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    figures = {"total": total, "seconds": seconds, "cpu": statistics.median(cpu[1:] or cpu)}
    print(json.dumps(figures | {"peak": peak_memory() / 1e6}))


def measure(name: str, path: Path, runs: int) -> dict:
    """The figures of a query in a process of its own."""
    command = [sys.executable, __file__, "--child", name, str(path), "--runs"]
    # Libraries are compiled when they are installed: so ours is to be, too.
    compiling = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    settings = {"check": True, "capture_output": True, "env": compiling}
    finished = subprocess.run([*command, str(runs + 1)], **settings)
    start, cpu_start = time.perf_counter(), children_cpu()
    subprocess.run([*command, "1"], **settings)
    whole = {
        "process": time.perf_counter() - start,
        "process cpu": children_cpu() - cpu_start,
    }
    figures = json.loads(finished.stdout)
    first, *later = figures.pop("seconds")
    return figures | whole | {"first": first, "query": statistics.median(later)}


def children_cpu() -> float:
    """Seconds of the processor that finished child processes took; 0 on Windows."""
    times = os.times()
    return times.children_user + times.children_system


def compare(path: Path, names: list[str], runs: int) -> None:
    """Print a table of all peers on one file, each as a ratio to Polars."""
    print(f"\n{path.name}: {path.stat().st_size / 1e6:,.0f} MB, median of {runs}")
    columns = ("query s", "x polars", "cpu s", "x polars", "first s", "process s", "its cpu s")
    print(f"{'':14}" + "".join(f"{column:>10}" for column in (*columns, "peak MB")))
    names = [name for name in names if name in QUERIES[kind_of(path)]]
    measured = {name: measure(name, path, runs) for name in names}
    assert len({figures["total"] for figures in measured.values()}) == 1, "totals differ"
    for name, figure in (("query", "cpu"), ("whole process", "process cpu")):
        peers = {peer: it[figure] for peer, it in measured.items()}
        if "ours" in peers:
            note(f"Q2 {path.name}, {name}", "CPU s", peers.pop("ours"), peers)
    reference = measured.get("polars") or measured[names[0]]
    for name, it in measured.items():
        print(
            f"{name:14}{it['query']:10.2f}{it['query'] / reference['query']:10.2f}"
            f"{it['cpu']:10.2f}{it['cpu'] / reference['cpu']:10.2f}"
            f"{it['first']:10.2f}{it['process']:10.2f}{it['process cpu']:10.2f}{it['peak']:10.0f}"
        )
    print(f"all found {measured[names[0]]['total']:,} bytes", flush=True)


def grow(path: Path, gigabytes: list[float], runs: int) -> None:
    """Print time and memory of ours on copies of the log put together."""
    print(f"\n{'GB':>6}{'query s':>9}{'cpu s':>9}{'per GB':>9}{'peak MB':>9}")
    data_start = len(path.open("rb").readline())
    longer = path.with_name("cdn-longer.tsv")
    for size in gigabytes:
        with longer.open("wb") as target:
            while target.tell() < size * 1e9:
                with path.open("rb") as source:
                    source.seek(data_start if target.tell() else 0)
                    shutil.copyfileobj(source, target, 1 << 24)
        it, gigabyte = measure("ours", longer, runs), longer.stat().st_size / 1e9
        print(
            f"{gigabyte:6.1f}{it['query']:9.2f}{it['cpu']:9.2f}{it['cpu'] / gigabyte:9.2f}"
            f"{it['peak']:9.0f}",
            flush=True,
        )
    longer.unlink()


def make_log(folder: Path, rows: int, kind: str = "cdn") -> Path:
    """Write a sample log, in a process of its own so that this one stays small."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:2]; from q2_cdn_log import WRITERS, kind_of; "
        "WRITERS[kind_of(sys.argv[2])](sys.argv[2], int(sys.argv[3]))"
    )
    path = folder / f"{kind}-{rows}.{'tsv' if kind == 'cdn' else 'log'}"
    if not path.exists():
        here = str(Path(__file__).parent)
        subprocess.run([sys.executable, "-c", code, here, str(path), str(rows)], check=True)
    return path


def write_log(path: str, rows: int) -> None:
    """Write a sample log of so many rows."""
    from logs.sample import as_tsv, sample_log

    with Path(path).open("wb") as file:
        for start in range(0, rows, ROWS_AT_A_TIME):
            text = as_tsv(sample_log(min(ROWS_AT_A_TIME, rows - start), seed=start))
            if start:
                text.readline()  # one header is enough
            shutil.copyfileobj(text, file)


WRITERS = {"cdn": write_log, **q2_layouts.WRITERS, **q2_sources.WRITERS}


def compress(path: Path) -> Path:
    """The log as gzip."""
    packed = path.with_name(path.name + ".gz")
    if not packed.exists():
        with path.open("rb") as source, gzip.open(packed, "wb", 6) as target:
            shutil.copyfileobj(source, target, 1 << 24)
    return packed


@click.command(cls=Command, help=__doc__)
@click.option("--rows", type=click.IntRange(1), default=2_000_000, help="Rows of the log.")
@click.option("--runs", type=click.IntRange(1), default=3, help="Runs timed after the first.")
@click.option(
    "--peers",
    type=click.Choice(list(QUERIES["cdn"])),
    multiple=True,
    default=list(QUERIES["cdn"]),
    help="Compare this one; give it again for another.",
)
@click.option(
    "--scaling",
    type=click.FloatRange(0, min_open=True),
    multiple=True,
    metavar="GB",
    help="Also measure ours on a log of this size; give it again for another.",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Keep the logs in this folder. Without it they are deleted.",
)
@click.option("--child", nargs=2, hidden=True)
def main(rows: int, runs: int, peers, scaling, folder: Path | None, child) -> None:
    if child:
        run_here(*child, runs)
        return
    with tempfile.TemporaryDirectory() as temporary:
        log = make_log(folder or Path(temporary), rows)
        compare(log, peers, runs)
        compare(compress(log), peers, runs)
        for kind in OTHER_LOGS:
            compare(make_log(folder or Path(temporary), rows // 4 or 1, kind), peers, runs)
        if scaling:
            grow(log, scaling, runs)


if __name__ == "__main__":
    sys.exit(main())
