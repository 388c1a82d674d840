"""Every command line, swept: whatever is asked, an answer or one line, and the right exit code.

The arguments are drawn from each script's own parser, so that a new option is swept without
anybody's doing; GOOD only says what makes sense for it, so that some runs get far.
"""

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from types import ModuleType
from unittest.mock import patch
from urllib.parse import urlsplit

import click
import numpy as np
import pytest
from filelock import FileLock
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from listening.sample.files import write_listeners
from tests.conftest import ROOT, clean_environment
from tests.project.conftest import (
    HOSTILE,
    changed,
    is_argument,
    loaded,
    tagger_bytes,
    time_limit,
)
from tests.project.test_layout import is_script
from tests.q3b.listening.conftest import execute
from tests.q3b.web.conftest import LISTENERS, publish

QUESTIONS = [script for script in sorted(ROOT.glob("Q*/*.py")) if is_script(script)]
BENCHMARKS = [script for script in sorted(ROOT.glob("benchmarks/*.py")) if is_script(script)]
FALSE = shutil.which("false")  # a child process that fails at once, where one would take long
STDIN = b"uid,time,event_name\na,2017-04-01,FIRST_INSTALL\n"
PROCESS_SECONDS = 300
SECONDS = 120  # for one example, on a busy machine that compiles the kernels first
NUMBERS = ("0", "1", "2", "3", "5", "20")
DAYS = ("2017-04-01", "2017-04-08", "2017-08-24", "2017-08-25", "1900-01-01", "2999-12-31")
ZONES = ("UTC", "Asia/Hong_Kong", "America/St_Johns", "Asia/Kathmandu", "Etc/GMT+12")
LOGS = (
    *("logs", "logs/plain.tsv", "logs/combined.log", "logs/*.log", "logs/iis.log", "-", "empty"),
    *("logs/cloudfront-v2.json", "few.csv", "tagger.skops"),
)
LOG_DAYS = ("2017-08-23", "2017-08-24", "2014-05-23", "2019-12-04", "2000-10-10")
PAGES = ("out.html", "missing/out.html", "logs")
PICTURES = ("out.png", "OUT.SVG", "out.pdf", "missing/out.png", "logs")
TAGGED, TO_TAG = ("few.csv", "logs", "empty"), ("new.csv", "empty", "logs")
STORES = ("sqlite:///store.db", "sqlite:///new.db", "sqlite:///../held.db", "sqlite:///empty")
INDEXES = ("indexes", "none", "memory://sets", "file:///dev/null/x", "nosuch://a", "file://[")
CLUSTERS = ("tcp://", "127.0.0.1:8786", "tcp://127.0.0.1:99999", "tls://127.0.0.1:1", "")

# By script and option (for a positional argument, its name): values that make sense.
GOOD = {
    "sql": {
        "--dsn": ("postgresql://nobody@127.0.0.1:1/none", "host=127.0.0.1 port=1", "dbname"),
        "--events": ("events.csv", "events.tsv", "-", "empty", "missing.csv"),
        "--table": ("public.swept", "swept", "pg_class", "public.missing"),
        "--where": ("uid <> 'a'", "TRUE", "time", "uid LIKE '%s' -- {", "1) OR (1 = 1"),
        "--columns": ("uid=uid", "uid=userid,time=eventDate", "event_name=time"),
        "--install-event": ("FIRST_INSTALL", "OPEN"),
        **dict.fromkeys(("--install-date", "--active-from", "--active-to", "--from", "--to"), DAYS),
        "--time-zone": ZONES,
        "--plot": PICTURES,
        "--html": PAGES,
    },
    "refresh_rollup": {
        "--days": DAYS,
        "--dsn": ("postgresql://nobody@127.0.0.1:1/none",),
        "--table": ("public.piwik_track", "piwik_track", "pg_class"),
        "--columns": ("uid=uid", "uid=userid"),
        "--install-event": ("FIRST_INSTALL", "OPEN"),
        "--time-zone": ZONES,
    },
    "raw_data_analytics": {
        "logs": LOGS,
        "--extension": ("jpg", ".CSS", "all", "tar.gz"),
        **dict.fromkeys(("--from", "--to"), LOG_DAYS),
        "--time-zone": ZONES,
        "--cache": ("miss", "hit", "RefreshHit"),
        "--status": ("404", "5xx", "000", "2XX"),
        "--url": ("/*.jpg", "*", "/b/?.*"),
        "--exclude": ("*.css", "/none"),
        "--host": ("cdn.example.com", "*"),
        "--ledger": ("counted.ledger", "missing/counted.ledger", "logs", "empty"),
        "--log-format": ("tsv", "combined", "apache:%h %t %U %b", "nginx:$msec|$uri|$bytes_sent"),
        "--fields": ("date,time,size,url", "datetime,size,-,url,status", "url"),
        "--delimiter": ("tab", ",", ";", "space"),
        "--columns": ("url=cs-uri-stem", "size=size,url=url", "date=day"),
        "--plot": PICTURES,
        "--html": PAGES,
        "--cluster": CLUSTERS,
    },
    "tagging_prediction": {
        "--train": TAGGED,
        "--test": TO_TAG,
        "--output": ("tagged.csv", "tagged.xlsx", "/dev/full"),
        "--columns": ("id=id", "id=index,tag=class,text=title", "text=tag"),
        "--encoding": ("utf-8", "big5hkscs", "utf-16", "rot13", "idna", "few.csv=undefined"),
        "--output-encoding": ("utf-8", "utf-8-sig"),
        "--vectors": ("few.csv", "empty", "logs", "vectors.npy"),
        "--embedding-model": ("logs", "empty", "missing"),
        "--convert": ("s2hk", "t2s", "missing"),
        "--corrections": TAGGED,
        "--review": ("review.csv", "review.xlsx", "missing/r.csv", "/dev/full"),
        "--candidates": ("candidates.csv", "missing/c.csv", "/dev/full"),
        "--plot": PICTURES,
        "--html": PAGES,
        "--font": ("empty", "missing.ttf"),
        "--save": ("tagger.skops", "new.skops", "logs", "/dev/full"),
        "--model-file": ("tagger.skops", "articles.csv"),
        "--min-confidence": ("0", "0.5", "NBA=1", "NBA=0.9,0.1"),
        "--multi-label": ("|", ";", "A", " "),
        "--cluster": CLUSTERS,
    },
    "evaluate": {
        "--data": ("hetrec", "ml-100k", "lastfm-360k", "filmtrust", "csv", "logs", "missing"),
        "--columns": ("user=u,item=i,plays=r", "user=user_id,item=artist_id", "r"),
        "--models": ("popularity", "damped vote", "user-user euclidean"),
        "--trials": ("1", "2"),
        "--splits": ("1", "2"),
        "--against": ("popularity", "damped vote", "EASE"),
        "--settings": ("chosen.json", "missing/chosen.json"),
        "--plot": PICTURES,
        "--html": PAGES,
        "--cluster": CLUSTERS,
    },
    "recommend_daily": {
        "--plays": ("plays.tsv", "missing.parquet", "empty", "logs"),
        "--profiles": ("profiles.tsv", "plays.tsv", "missing.parquet"),
        "--source": ("postgresql://nobody@127.0.0.1:1/none", "postgresql://[half/app"),
        "--max-age": ("5y", "18m", "99999y", "30d"),
        "--share": ("0.5", "1"),
        "--store": STORES,
        "--index": INDEXES,
        **dict.fromkeys(("--run-id", "--verify", "--publish"), ("2026-11-24", "swept", "never")),
        "--export": ("exported", "empty"),
        "--report": ("report.json", "missing/report.json", "/dev/full"),
        "--html": PAGES,
        "--plot": PICTURES,
        "--cluster": CLUSTERS,
    },
    "generate_listeners": {"--output": ("drawn", "empty")},
    "export_recommendations": {
        "--store": STORES,
        "--output": ("all.jsonl", "all.parquet", "all.csv", "missing/all.jsonl"),
    },
    "forget_user": {
        "user_ids": ("u1", "nobody"),
        "--ids": ("plays.tsv", "missing.txt", "logs"),
        "--store": STORES,
        "--index": INDEXES,
        "--export": ("all.jsonl", "plays.tsv", "missing.parquet"),
        "--receipt": ("receipt.json", "missing/receipt.json", "/dev/full"),
    },
    "run_prototype": {
        "--data": ("lastfm", "missing"),
        "--share": ("0.1", "1"),
        "--output": ("executed/out.ipynb", "out.ipynb", "logs", "empty/out.ipynb", "/dev/full"),
    },
    "api": {
        "--store": STORES,
        "--index": INDEXES,
        "--host": ("127.0.0.1", "::1", "localhost", "0.0.0.0"),  # noqa: S104 - never served
        "--port": ("8000", "1", "65535"),
    },
    "run_all": {"--only": ("cluster", "q3b_store"), "--output": ("report.md",)},
}

# By script: how a command line begins, so that it costs little if it succeeds and writes nothing
# outside the sandbox. {dsn} is a server with a table `swept` and {taken} a port in use.
DSN = ("--dsn", "{dsn}")
STORE = ("--store", "sqlite:///store.db")
PLAYS = (*STORE, "--plays", "plays.tsv")
PREDICT = ("--output", "tagged.csv", "--predict", "--model-file", "tagger.skops")
FIRST = {
    "sql": (
        *[(*DSN, "--events", "events.csv")] * 4,
        (*DSN, "--table", "public.swept"),
        ("--dsn", "postgresql://nobody@127.0.0.1:1/none"),
    ),
    "refresh_rollup": ((*DSN, "--days", "2017-04-01", "2017-04-02"), DSN, ()),
    "raw_data_analytics": (("logs/plain.tsv",), ("logs",), ("logs", "--by", "url"), ("empty",)),
    "tagging_prediction": (
        ("--output", "tagged.csv", "--train", "few.csv"),
        (*PREDICT, "--test", "new.csv"),
        PREDICT,
    ),
    "evaluate": (("--data", "hetrec", "hetrec", "--models", "popularity", "--splits", "1"),),
    "recommend_daily": (
        *[PLAYS, (*PLAYS, "--profiles", "profiles.tsv")] * 2,
        *[(*STORE, "--rollback"), (*STORE, "--verify", "swept"), (*STORE, "--publish", "swept")],
        ("--store", "sqlite:///../held.db", "--plays", "plays.tsv"),
        ("--export", "exported", "--source", "postgresql://nobody@127.0.0.1:1/none"),
    ),
    "export_recommendations": (
        (*STORE, "--output", "all.jsonl"),
        (*STORE, "--output", "a.parquet"),
    ),
    "forget_user": (
        ("u1", *STORE, "--receipt", "receipt.json"),
        ("u1", "--store", "sqlite:///../held.db", "--receipt", "receipt.json"),
    ),
    "generate_listeners": (("--output", "drawn", "--users", "7", "--artists", "9"),),
    "run_prototype": (("--output", "out.ipynb", "--data", "lastfm"), ("--output", "out.ipynb")),
    "api": ((*STORE, "--port", "{taken}"), STORE),
    "run_all": (("--output", "report.md", "--only", "cluster"),),
}

# Scripts that work as long as a number asks for: 20170401 listeners would be right, and too many.
COSTLY = ("evaluate", "generate_listeners")

# Exit codes of failures that other scripts have not.
REFUSED = 65  # by the gate
OWN_CODES = {"recommend_daily": (REFUSED, 75), "forget_user": (75,)}

# Exit code 1 is for these failures alone; all others are the user's mistake.
OUTSIDE = re.compile(
    r"no scheduler answers there|"
    r"PostgreSQL: |Connection refused|the app's database|no such store yet|no finished run"
    r"|another run was published|file is not a database|failed: no message|exit code 1$"
    r"|already in use|these failed: |No space left on device|Input/output error"
    r"|not enough memory|a worker process was ended|Permission denied|another --host or --port"
)


def script_id(script: Path) -> str:
    return script.relative_to(ROOT).as_posix()


def names_host(text: str) -> bool:
    """Whether a value names a server: one that was changed could name somebody else's."""
    return "://" in text or "host=" in text


def values(parameter: click.Parameter, good: dict[str, tuple]) -> st.SearchStrategy[str]:
    """Values for one parameter, most of them good ones."""
    choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else NUMBERS
    sensible = st.sampled_from([str(value) for value in good.get(name_of(parameter)) or choices])
    odd = st.one_of(
        st.sampled_from(HOSTILE),
        sensible.flatmap(lambda text: st.just(text) if names_host(text) else changed(text)),
        st.text(max_size=9).map(lambda text: text.replace("/", "∕")),
    )
    return st.one_of(sensible, sensible, sensible, odd.filter(is_argument))


def name_of(parameter: click.Parameter) -> str:
    """The long name of an option, or the name of an argument."""
    return parameter.opts[-1]


@st.composite
def given_once(draw, parameter: click.Parameter, good: dict[str, tuple]) -> list[str]:
    """The words of a parameter given once: the option, if it is one, and so many values."""
    is_option = isinstance(parameter, click.Option)
    least = 0 if is_option and parameter.is_flag else max(parameter.nargs, 0)
    most = 3 if parameter.nargs < 0 else least
    if draw(st.integers(0, 19)) == 0:
        least, most = 0, most + 1
    found = draw(st.lists(values(parameter, good), min_size=least, max_size=most))
    if not is_option:
        return found
    option = draw(st.sampled_from([*parameter.opts, *parameter.secondary_opts]))
    if len(found) == 1 and draw(st.booleans()):
        return [f"{option}={found[0]}"]
    return [option, *found]


def command_lines(
    main: click.Command, good: dict[str, tuple], first: tuple = ((),)
) -> st.SearchStrategy[list[str]]:
    """Command lines of a command."""
    words = [given_once(one, good) for one in main.params if "--version" not in one.opts]
    words.append(st.sampled_from(HOSTILE).filter(is_argument).map(lambda text: [text]))
    more = st.lists(st.one_of(words), max_size=4)
    return st.tuples(st.sampled_from(first), more).map(
        lambda parts: [*parts[0], *(word for part in parts[1] for word in part)]
    )


def costs_little(script: Path, argv: list[str]) -> bool:
    """Whether no number of a command line asks for the work of minutes."""
    large = re.compile(r"(--[a-z-]+=)?[0-9]{3,9}")
    return script.stem not in COSTLY or not any(large.fullmatch(word) for word in argv)


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A folder with small files for every script; they are copied for each script."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "empty").touch()
    shutil.copytree(ROOT / "tests" / "fixtures" / "q2", folder / "logs")
    for path in (ROOT / "tests" / "fixtures" / "q3a").glob("*.csv"):
        shutil.copy(path, folder)
    articles = (folder / "articles.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "few.csv").write_text("".join(articles[:6]), encoding="utf-8")
    events = "uid,time,event_name\na,2017-04-01,FIRST_INSTALL\na,2017-04-03 10:00:00,OPEN\n"
    (folder / "events.csv").write_text(events, encoding="utf-8")
    (folder / "events.tsv").write_text(events.replace(",", "\t"), encoding="utf-8")
    (folder / "tagger.skops").write_bytes(tagger_bytes())
    ids = [line.partition(",")[0] for line in articles[1:6]]
    (folder / "vectors.ids").write_text("\n".join(ids), encoding="utf-8")
    np.save(folder / "vectors.npy", np.eye(len(ids), 3))
    write_data_sets(folder)
    settings = {"recommendations": 20, "include_played": True}
    report = {"checked_users": LISTENERS[:3], "settings": settings}
    for run_id in ("swept", "2026-11-24"):
        publish(f"sqlite:///{folder / 'store.db'}", run_id=run_id, report=report)
    return folder


def write_data_sets(folder: Path) -> None:
    """Listeners in the layout of each data set that Q3b reads."""
    plays, profiles = write_listeners(folder / "lastfm", users=12, artists=20, seed=3)
    shutil.copy(plays, folder / "plays.tsv")
    shutil.copy(profiles, folder / "profiles.tsv")
    pairs = [(user, (user * step) % 11) for user in range(1, 9) for step in range(1, 8)]
    for name in ("hetrec", "ml-100k"):
        (folder / name).mkdir()
    rows = "".join(f"{user}\t{item}\t{1 + item % 5}\n" for user, item in pairs)
    names = "".join(f"{item}\tBand {item}\n" for item in range(11))
    (folder / "hetrec" / "user_artists.dat").write_text("u\ta\tw\n" + rows, encoding="utf-8")
    (folder / "hetrec" / "artists.dat").write_text("id\tname\n" + names, encoding="utf-8")
    (folder / "ml-100k" / "u.data").write_text(rows, encoding="utf-8")
    (folder / "ml-100k" / "u.item").write_text(names.replace("\t", "|"), encoding="latin-1")
    people = "".join(f"{user}|30|F|writer\n" for user in range(1, 9))
    (folder / "ml-100k" / "u.user").write_text(people, encoding="utf-8")


@pytest.fixture(scope="session")
def swept_url(postgres_url) -> str:
    """A database with tables of events, one of which has a rollup."""
    execute(postgres_url, "CREATE DATABASE swept_events")
    url = urlsplit(postgres_url)._replace(path="/swept_events").geturl()
    schema = (ROOT / "Q1" / "schema.sql").read_text(encoding="utf-8")
    event = "VALUES ('a', timestamptz '2017-04-01', 'FIRST_INSTALL')"
    execute(url, f"{schema}; INSERT INTO piwik_track (uid, time, event_name) {event}")
    execute(url, f"CREATE TABLE swept (uid, time, event_name) AS {event}")
    return url


def contents(folder: Path) -> dict[str, tuple]:
    """What shows whether a file has changed, by name."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = f"{place}/{name}"
            about = os.lstat(path)
            found[path] = (about.st_size, about.st_mtime_ns, about.st_mode)
    return found


def is_of_database(path: Path) -> bool:
    """Whether a file is one of SQLite's, or a lock."""
    if path.name.endswith(("-shm", "-wal", "-journal", ".lock")):
        return True
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


class Sandbox:
    """A copy of the template as working folder, made anew after a run that changed it.

    Beside it stands a store, held.db, that another run has: `held` is to be entered.
    """

    def __init__(self, template: Path, folder: Path):
        self.template, self.folder = template, folder / "sandbox"
        held = shutil.copy(template / "store.db", folder / "held.db")
        self.held = FileLock(f"{held}.lock", timeout=0)
        self.renew()

    def renew(self) -> None:
        os.chdir(self.template)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder)
        self.fresh = contents(self.folder)
        os.chdir(self.folder)

    def run(self, main: Callable, argv: list[str]) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a run within this process."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        stdin = io.TextIOWrapper(io.BytesIO(STDIN), encoding="utf-8")
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            patch.object(sys, "stdin", stdin),
            patch.dict(os.environ),
            time_limit(SECONDS),
        ):
            status = main(argv)
        texts = []
        for stream in (out, err):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode("utf-8"))
        return status, *texts

    def left_behind(self) -> set[str]:
        """The names of files that are new or changed; the folder is made anew if there are any.

        Databases, which are whole at any time, are not named.
        """
        now = contents(self.folder)
        changed_files = {name for name, about in now.items() if self.fresh.get(name) != about}
        found = {Path(name).name for name in changed_files if not is_of_database(Path(name))}
        if changed_files or len(now) < len(self.fresh):
            self.renew()
        return found


def no_settings() -> dict[str, str]:
    """The environment without a developer's servers, stores and keys, but for one of ours."""
    return {
        name: text
        for name, text in clean_environment().items()
        if not name.startswith(("RECOMMENDER_", "DASK_"))
    } | {"RECOMMENDER_ERASURE_KEY": "no secret at all"}


@contextmanager
def sweeping(script: Path, module: ModuleType) -> Iterator[None]:
    """The surroundings of a sweep: no settings of the developer, no child that takes long."""
    stack = ExitStack()
    put = stack.enter_context
    put(patch.dict(os.environ, no_settings(), clear=True))
    put(patch.object(sys, "executable", FALSE))
    put(patch("common.cluster.CONNECT_SECONDS", 0.2))
    if script.stem == "api":  # all but serving itself
        put(patch("granian.Granian.serve"))
    if script.stem == "run_production":
        few = partial(write_listeners, users=7, artists=9)
        put(patch("listening.sample.files.write_listeners", few))
    with stack:
        yield


def check(script: Path, status: int, out: str, err: str, left: set[str]) -> None:
    """Assert that a run ended as every run may end."""
    err = as_text(script, err)
    errors = [line for line in err.splitlines() if line.startswith(f"{script.name}: error: ")]
    assert not [name for name in left if name.startswith(".")], f"half written: {left}"
    if status == 0 or (status == 3 and script.stem == "raw_data_analytics"):  # files left out
        assert not errors
        return
    assert status in (1, 2, *OWN_CODES.get(script.stem, ()))
    assert len(errors) == 1, err
    assert err.splitlines()[-1] == errors[0]
    assert errors[0].removeprefix(f"{script.name}: error: ").strip()
    assert status != 1 or OUTSIDE.search(errors[0]), f"exit code 1: {errors[0]}"
    if script.parent.name != "benchmarks":  # whose report names the failures
        assert out == ""
        assert not left or status == REFUSED  # whose report says what failed


def as_text(script: Path, err: str) -> str:
    """The log on standard error with lines of JSON as they would be in text."""
    lines = err.splitlines()
    for place, line in enumerate(lines):
        logged = json.loads(line) if line.startswith('{"time"') else {}
        if "exit_code" in logged and logged["level"] == "error":
            lines[place] = f"{script.name}: error: {logged['message']}"
    return "\n".join(lines)


@pytest.fixture(scope="module")
def taken_port() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield str(listener.getsockname()[1])


@pytest.fixture
def named(script, taken_port, request) -> dict[str, str]:
    """What stands for the names in braces; only Q1 needs a server."""
    dsn = request.getfixturevalue("swept_url") if script.parent.name == "Q1" else ""
    return {"taken": taken_port, "dsn": dsn}


def filled_in(lines: tuple[tuple, ...], named: dict[str, str]) -> tuple[tuple[str, ...], ...]:
    """The lines with what their names in braces stand for."""
    return tuple(tuple(word.format(**named) for word in words) for words in lines)


@pytest.mark.skipif(not FALSE, reason="there is no program `false`")
@pytest.mark.parametrize("script", [*QUESTIONS, ROOT / "benchmarks" / "run_all.py"], ids=script_id)
def test_any_command_line_is_answered_or_refused_in_one_line(
    script, template, tmp_path_factory, named
):
    module = loaded(script)
    first = filled_in(FIRST.get(script.stem, ((),)), named)
    lines = command_lines(module.main, GOOD.get(script.stem, {}), first)
    working_folder = Path.cwd()
    with ExitStack() as stack:
        stack.enter_context(sweeping(script, module))
        stack.callback(os.chdir, working_folder)
        sandbox = Sandbox(template, tmp_path_factory.mktemp(script.stem))
        stack.enter_context(sandbox.held)
        ended = Counter()

        @given(argv=lines)
        def sweep(argv):
            assume(costs_little(script, argv))
            note(repr(argv))
            status, out, err = sandbox.run(module.main, argv)
            ended[status] += 1
            check(script, status, out, err, sandbox.left_behind())

        sweep()
        print(f"{script_id(script)}: runs by exit code: {dict(sorted(ended.items()))}")
        assert ended[0] or ended.total() < 100, "no command line was answered"


@pytest.mark.slow
@pytest.mark.parametrize("script", BENCHMARKS, ids=script_id)
def test_any_command_line_of_a_benchmark_is_parsed_or_refused(script):
    module = loaded(script)

    @given(argv=command_lines(module.main, {}))
    def sweep(argv):
        err = io.StringIO()
        with (
            patch.object(click.Command, "invoke", lambda *_: None),
            redirect_stderr(err),
            redirect_stdout(io.StringIO()),
            time_limit(SECONDS),
        ):
            status = module.main(argv)
        assert status in (0, 2)
        assert len(err.getvalue().splitlines()) == (status == 2)

    sweep()


# How the command line of a process ends: with what keeps it from working or serving for long.
LAST = {
    "api": ("--port", "{taken}"),
    "run_production": ("--limit", "0"),
    "run_prototype": ("--data", "missing"),
}


@pytest.mark.slow
@pytest.mark.parametrize("script", QUESTIONS, ids=script_id)
def test_a_process_ends_as_its_main_does(script, template, tmp_path_factory, named):
    """Sweep some command lines as a user's shell starts them."""
    module = loaded(script)
    first = filled_in(FIRST.get(script.stem, ((),)), named)
    (last,) = filled_in((LAST.get(script.stem, ()),), named)
    working_folder = Path.cwd()
    sandbox = Sandbox(template, tmp_path_factory.mktemp(f"process-{script.stem}"))

    @settings(max_examples=4)
    @given(argv=command_lines(module.main, GOOD.get(script.stem, {}), first))
    def sweep(argv):
        argv = [*argv, *last]
        assume(costs_little(script, argv))
        finished = subprocess.run(
            [sys.executable, script, *argv],
            cwd=sandbox.folder,
            env=no_settings(),
            input=STDIN,
            capture_output=True,
            timeout=PROCESS_SECONDS,
        )
        texts = (output.decode("utf-8") for output in (finished.stdout, finished.stderr))
        note(repr(argv))
        check(script, finished.returncode, *texts, sandbox.left_behind())

    try:
        with sandbox.held:
            sweep()
    finally:
        os.chdir(working_folder)
