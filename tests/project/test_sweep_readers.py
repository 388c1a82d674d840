"""Every reader, swept: whatever a file or a text holds is read, or is one error that names it.

A sound file is damaged in some places, or replaced by any bytes at all.
"""

from common.command import OutsideError, UserError

import bz2
import contextlib
import gzip
import io
import json
import lzma
import shutil
import socket
import sqlite3
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch
from urllib.parse import quote, urlencode

import matplotlib.font_manager
import numpy as np
import pandas as pd
import psycopg2
import pyarrow as pa
import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st
from pyarrow import parquet

from alert import post
from articles import files as articles
from articles.preparation import prepared
from articles.rejections import Rejections
from articles.vectors.files import VectorFiles
from common.picture import characters_of
from evaluation import data as evaluation_data
from evaluation import models as evaluation_models
from evaluation import settings as chosen_settings
from evaluation.names import BLENDS
from evaluation.spaces import SPACES
from events.batch import batch_of
from events.files import opened
from events.formats import read_rows
from events.load import load_rows, rows_in_turn
from job.verify import check_set
from listening import cache as plays_cache
from listening import database as app_database
from listening.lastfm import PLAYS_FILE, PROFILE_FILE, read_lastfm, read_plays
from listening.marks import read_marks, with_marks
from listening.maximum_age import maximum_age
from listening.sample.files import write_listeners
from listening.source import read_listening
from logs.reader import Reading, read_pieces
from logs.scanner import scan_block
from logs.sources import find_sources
from logs.streams import zstd
from postgres import connection
from store.protocol import new_run
from store.url import open_store
from tagger.predictions import predictions
from tagger.saved import load
from tests.conftest import ROOT
from tests.project.conftest import HOSTILE, changed, damaged, tagger_bytes, time_limit
from tests.q3b.web.conftest import LISTENERS, publish
from traffic.account import RowAccount, account_for
from web.app import create_app

FIXTURES = ROOT / "tests" / "fixtures"
SECONDS = 60  # for one example, on a busy machine
NOW = datetime(2024, 2, 29, tzinfo=UTC)
TEXTS = ["我在香港睇NBA總決賽", "新盤", "拜登"]


class Reader(NamedTuple):
    """Sound files by name, and what reads the folder they are in, one of them damaged."""

    files: dict[str, bytes]
    read: Callable[[Path, str], object]
    known: tuple[tuple[str, bytes], ...] = ()  # damage that once was no error, or a traceback


def swept(reader: Reader, folder: Path) -> None:
    """Read `folder` again and again, each time with another file damaged in another way."""
    folder.mkdir(exist_ok=True)
    names = st.sampled_from(sorted(reader.files))
    contents = {name: st.one_of(damaged(sound), damaged(sound), st.binary(max_size=99))
                for name, sound in reader.files.items()}  # fmt: skip
    files = names.flatmap(lambda name: st.tuples(st.just(name), contents[name]))
    for name, sound in reader.files.items():
        (folder / name).write_bytes(sound)
    for name in reader.files:
        reader.read(folder, name)

    @given(file=files)
    @example(file=(next(iter(reader.files)), b""))
    def sweep(file):
        name, content = file
        note(f"{name}: {content[:2000]!r}")
        (folder / name).write_bytes(content)
        try:
            with time_limit(SECONDS):
                reader.read(folder, name)
        except UserError as error:
            assert name in str(error), f"the error does not name {name}: {error}"
        finally:
            (folder / name).write_bytes(reader.files[name])

    for file in reader.known:
        sweep = example(file=file)(sweep)
    sweep()


# Q1


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def parquet_of(**columns: list) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


EVENTS = b'uid,time,event_name\na,2017-04-01,FIRST_INSTALL\n"b",2017-04-03 10:00:00+08,OPEN\n'
OBJECTS = (
    b'{"uid":"a","time":"2017-04-01","event_name":"FIRST_INSTALL"}\n'
    b'{"uid":"b","time":1491004800.5,"event_name":null,"more":{"x":[1]}}\n'
)
EPOCHS = b"event_name;time;uid;more\r\nOPEN;1491004800;a;\r\nFIRST_INSTALL;1.5e9;b;x\r\n"
EVENT_FILES = {
    "iso.csv": EVENTS,
    "epoch.csv": EPOCHS,
    "tabs.tsv": EVENTS.replace(b",", b"\t"),
    "packed.csv.gz": packed(EVENTS),
    "packed.csv.zst": zstd.compress(EVENTS),
    "utf-16.csv": EVENTS.decode().encode("utf-16"),
    "excel.csv": b"sep=;\r\n" + EPOCHS,
    "objects.jsonl": OBJECTS,
    "columns.parquet": parquet_of(uid=["a", None], time=[1.5e9, None], event_name=["x", "y"]),
}


def read_events(folder: Path, name: str) -> None:
    with opened(str(folder / name)) as file:
        for rows in read_rows(file, {}):
            batch_of(rows, None)


def read_dotenv(folder: Path, name: str) -> None:
    environment = {}
    dsn, source = connection.chosen_server(None, environment, folder / name)
    if dsn is not None:
        try:
            connection.checked_dsn(dsn, source)
        except UserError as error:  # of the URL, which is never shown
            assert ".env" in str(error)
            raise


# Q2


def compressed_logs(compress: Callable[[bytes], bytes], suffix: str) -> Reader:
    logs = sorted((FIXTURES / "q2").glob("*.*"))
    return Reader({f"{log.name}{suffix}": compress(log.read_bytes()) for log in logs}, read_log)


def in_tar(data: bytes) -> bytes:
    file, member = io.BytesIO(), tarfile.TarInfo("log")
    member.size = len(data)
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def in_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log", data)
    return file.getvalue()


def log_in_parquet() -> bytes:
    file = io.BytesIO()
    log = pd.read_csv(FIXTURES / "q2" / "header.tsv", sep="\t")
    log.to_parquet(file)
    return file.getvalue()


def read_log(folder: Path, name: str) -> None:
    account = RowAccount()
    for piece in read_pieces(find_sources([str(folder / name)]), Reading()):
        scanned = scan_block(piece.files[0], piece.layout, piece.layout.as_text(piece.block))
        account.add(account_for(scanned, piece))
        for url in scanned.urls(np.ones(scanned.rows, dtype=bool)):
            url.encode("utf-8")


# Q3a


def read_articles(folder: Path, name: str) -> None:
    for encoding in (None, "utf-16", "big5hkscs"):
        given = {None: encoding} if encoding else {}
        rejected = Rejections()
        try:
            for batch in articles.read_batches(
                [folder / name], ["id", "tag", "text"], articles.Source(encodings=given), rejected
            ):
                prepared(batch)
        except UserError:
            if encoding is None:
                raise


def use_tagger(folder: Path, name: str) -> None:
    saved = load(folder / name)
    new = prepared_articles()
    found = predictions(saved.tagger, new)
    assert len(found) == len(new)


def prepared_articles():
    return prepared(pd.DataFrame({"id": ["1"], "text": TEXTS[:1]}))


VECTORS = np.array([[1.5, 2], [3, 4]])
VECTOR_FILES = {
    "a.ids": b"007\n1\n",
    "a.npy": io.BytesIO(),
    "b.parquet": parquet_of(id=["7", "8"], vector=VECTORS.tolist()),
}
np.save(VECTOR_FILES["a.npy"], VECTORS)
VECTOR_FILES["a.npy"] = VECTOR_FILES["a.npy"].getvalue()


def read_vectors(folder: Path, name: str) -> None:
    found = VectorFiles([folder / "b.parquet" if name == "b.parquet" else folder / "a.npy"])
    assert np.isfinite(found.vectors).all() and len(found.rows) <= len(found.vectors)


def read_font(folder: Path, name: str) -> None:
    characters_of.cache_clear()
    characters_of(str(folder / name))


# Q3b


def listeners_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in write_listeners(folder, 4, 6, seed=3)}


def read_listeners(folder: Path, name: str) -> None:
    plays, _ = read_lastfm(folder)
    assert (plays.matrix.data > 0).all()


def parquet_files() -> dict[str, bytes]:
    plays = {"user_id": ["u", "u", "v"], "artist_id": [None, "a", "b"]}
    plays |= {"artist_name": ["x", None, "y"], "plays": [1, 2.5, 3]}
    profiles = {"user_id": ["u", "w"], "gender": ["f", None], "age": [31, None]}
    profiles |= {"country": ["Chile", None], "signup": ["2008-02-29", None]}
    found = {}
    for name, content in (("plays.parquet", plays), ("profiles.parquet", profiles)):
        file = io.BytesIO()
        parquet.write_table(pa.table(content), file)
        found[name] = file.getvalue()
    return found


def read_parquet(folder: Path, name: str) -> None:
    read_finite(folder / "plays.parquet", folder / "profiles.parquet")


def read_finite(plays: Path, profiles: Path, age: str | None = None) -> None:
    """Read what the job reads; there is no endless number of plays in it."""
    listening = read_listening(plays, profiles, age and maximum_age(age))
    assert np.isfinite(listening.plays.matrix.data).all()


OWN_PLAYS = b'account,item,name,plays\n007,1,"x, y",2\n"b",2,,1.5\nb,3,z,4\n'
OWN_OBJECTS = (
    b'{"account": 7, "item": "1", "name": null, "plays": 1e1}\n'
    b'{"account": "b", "item": 2, "plays": "2"}\n'
)
OWN_FILES = {
    "plays.csv": OWN_PLAYS,
    "plays.tsv": OWN_PLAYS.replace(b",", b"\t").replace(b'"', b""),
    "plays.jsonl": OWN_OBJECTS,
    "plays.csv.gz": packed(OWN_PLAYS),
    "profiles.csv": b"user;gender;age;country\r\nb;f;31;Chile\r\nc;;;\r\n",
    "marks.csv": b"user,item,mark\nb,2,like\nc,1,block\n007,1,dislike\n",
}


def read_own(folder: Path, name: str) -> None:
    columns = {"user": "account", "item": "item", "name": "name", "plays": "plays"}
    profiles = folder / name if name == "profiles.csv" else None
    plays = folder / ("plays.csv" if name in ("profiles.csv", "marks.csv") else name)
    listening = read_listening(plays, profiles, columns=columns)
    if name == "marks.csv":
        listening = with_marks(listening, *read_marks(folder / name))
    assert np.isfinite(listening.plays.matrix.data).all()


HETREC = {
    "user_artists.dat": b"userID\tartistID\tweight\n" + b"".join(
        b"%d\t%d\t%d\n" % (user, item, 3 + item) for user in range(3) for item in range(6)
    ),
    "artists.dat": b"id\tname\turl\n" + b"".join(b"%d\tBand %d\tu\n" % (n, n) for n in range(6)),
}  # fmt: skip
ML_100K = {
    "u.data": b"".join(
        b"%d\t%d\t%d\t88\n" % (user, item, 3) for user in range(3) for item in range(6)
    ),
    "u.user": b"".join(b"%d|%d|M|writer|0\n" % (user, 20 + user) for user in range(3)),
    "u.item": b"".join(b"%d|Caf\xe9 %d||\n" % (n, n) for n in range(6)),
}


def read_chosen(folder: Path, name: str) -> None:
    chosen = chosen_settings.read_chosen(folder / name)
    for model in evaluation_models.MODELS:
        if model in BLENDS:
            continue
        settings = chosen_settings.settings_for(model, chosen.get("hetrec", {}))
        space = SPACES.get(model, {})
        for setting, value in settings.items():
            assert isinstance(value, (int, type(space[setting][0])))


CHOSEN = {"hetrec": {"item-item": {"b": 0.5, "k1": 1.2, "neighbours": 20}}, "ml-100k": {}}


READERS = {
    "event files": lambda folder: Reader(EVENT_FILES, read_events),
    ".env": lambda folder: Reader({".env": b"PGHOST=db\nPGPORT='5432'\n# x\nA=$B\n"}, read_dotenv),
    "logs": lambda folder: compressed_logs(bytes, ""),
    "logs in gzip": lambda folder: compressed_logs(
        lambda data: gzip.compress(data, mtime=0), ".gz"
    ),
    "logs in zstd": lambda folder: compressed_logs(zstd.compress, ".zst"),
    "logs in bzip2": lambda folder: compressed_logs(bz2.compress, ".bz2"),
    "logs in xz": lambda folder: compressed_logs(lzma.compress, ".xz"),
    "logs in tar": lambda folder: compressed_logs(in_tar, ".tar"),
    "logs in zip": lambda folder: compressed_logs(in_zip, ".zip"),
    "logs in Parquet": lambda folder: Reader({"log.parquet": log_in_parquet()}, read_log),
    "articles": lambda folder: Reader(article_files(), read_articles),
    "vectors": lambda folder: Reader(VECTOR_FILES, read_vectors),
    "saved tagger": lambda folder: Reader({"tagger.skops": tagger_bytes()}, use_tagger),
    "font": lambda folder: Reader({"font.ttf": font_bytes()}, read_font),
    "Last.fm 360K": lambda folder: Reader(
        listeners_files(folder), read_listeners, ((PLAYS_FILE, b"\xc2"), (PROFILE_FILE, b"a\n\xe6"))
    ),
    "Parquet": lambda folder: Reader(parquet_files(), read_parquet),
    "own tables": lambda folder: Reader(OWN_FILES, read_own),
    "HetRec": lambda folder: Reader(HETREC, lambda f, _: evaluation_data.read_hetrec(f)),
    "MovieLens": lambda folder: Reader(
        ML_100K,
        lambda f, _: evaluation_data.read_ml_100k(f),
        (("u.user", b"0|old|M|x|0\n1|20|F|x|0\n0|30|M|x|0\n"), ("u.user", b"0|20|1|x|0\n")),
    ),
    "chosen settings": lambda folder: Reader(
        {"chosen.json": json.dumps(CHOSEN).encode()}, read_chosen
    ),
}


def article_files() -> dict[str, bytes]:
    text = (FIXTURES / "q3a" / "articles.csv").read_text(encoding="utf-8")[:1500] + '"\n'
    short = 'id,tag,text\n1,NBA,勇士主場迎戰\n2,拜登,"美國總統\n拜登"\n'
    table = pd.read_csv(io.StringIO(short), dtype=str)
    table.to_excel(book := io.BytesIO(), index=False)
    return {
        "short.csv": short.encode(),
        "marked.csv": short.encode("utf-8-sig"),
        "big5.csv": short.encode("big5hkscs"),
        "tabs.tsv": short.replace(",", "\t").encode(),
        "semicolon.csv": ("sep=;\n" + short.replace(",", ";")).encode("utf-16"),
        "packed.csv.gz": packed(short.encode()),
        "packed.zst": zstd.compress(short.encode("gb18030")),
        "lines.jsonl": table.to_json(orient="records", lines=True, force_ascii=False).encode(),
        "sheet.xlsx": book.getvalue(),
        "table.parquet": table.to_parquet(index=False),
        "html.csv": (text.rpartition("\n0")[0] + "\n").encode(),
    }


def font_bytes() -> bytes:
    return Path(matplotlib.font_manager.findfont("DejaVu Sans")).read_bytes()


@pytest.mark.parametrize("name", READERS)
def test_any_content_is_read_or_is_one_error_that_names_the_file(name, tmp_path, capsys):
    swept(READERS[name](tmp_path / "made"), tmp_path / "read")


JSON = st.recursive(
    st.sampled_from(("all", "hetrec", "item-item", "b", 0.5, 20, -1, None, True, 10**400)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("all", "hetrec", "item-item", "EASE", "neighbours", "b", "kind")),
            inner,
        )
    ),
)


@given(found=JSON)
@example(found={"hetrec": {"item-item": {"b": 1, "neighbours": 20}}})
def test_any_choice_of_settings_is_one_or_is_an_error(found):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chosen.json"
        path.write_text(json.dumps(found), encoding="utf-8")
        with contextlib.suppress(UserError):
            read_chosen(path.parent, path.name)


# Texts rather than files.


def open_and_close(url: str) -> None:
    store = open_store(url)
    assert getattr(store, "expire_days", 0) >= 0
    store.close()


def send_nowhere(url: str) -> None:
    """Post an alert while no other machine can be reached."""
    with patch("socket.getaddrinfo", side_effect=socket.gaierror("no network here")):
        post(url, "down")


TEXT_READERS = {
    "run id": (new_run, ("2026-11-24", "manual__2026-11-24T05:00:00+00:00")),
    "store": (
        open_and_close,
        ("sqlite:///a.db", "dynamodb://table?region=eu-west-1&expire_days=3&lock_seconds=9"),
    ),
    "server": (
        lambda dsn: connection.checked_dsn(dsn, "--dsn"),
        ("postgresql://a:b@db:5432/x?sslmode=disable", "host=db port=5432", "postgresql://%80"),
    ),
    "age of plays": (lambda text: maximum_age(text).since(NOW), ("5y", "18m", "99999d", "99999y")),
    "alert": (send_nowhere, ("http://127.0.0.1:1/hook", "https://127.0.0.1:1/", "http://a b/")),
    "fresh hours": (lambda text: create_app({"FRESH_HOURS": text}), ("36", "0.5")),
    "key": (lambda text: create_app({"API_KEY": text}), ("sesame",)),
}


@pytest.mark.parametrize("name", TEXT_READERS)
def test_any_text_is_read_or_is_one_error(name):
    read, good = TEXT_READERS[name]
    texts = st.sampled_from(good).flatmap(changed)

    @given(
        text=st.one_of(
            st.sampled_from(good),
            texts,
            texts.flatmap(changed),
            st.sampled_from(HOSTILE),
            st.text(),
        )
    )
    def sweep(text):
        note(repr(text))
        with time_limit(SECONDS), contextlib.suppress(UserError, OutsideError):
            read(text)

    sweep()


# Requests.


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("published") / "store.db"
    publish(f"sqlite:///{path}", run_id="swept", report=REPORT)
    return path


REPORT = {
    "checked_users": LISTENERS[:3],
    "settings": {"recommendations": 20, "include_played": True},
}
WORDS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20), st.sampled_from(LISTENERS[:2]))
PATHS = st.one_of(
    WORDS.map(lambda word: f"/users/{word}/recommendations"),
    st.sampled_from(("/new-user/recommendations", "/", "/readyz", "/healthz", "/metrics")),
    WORDS.map(lambda word: f"/{word}"),
)
QUERIES = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(("limit", "fallback", "country", "age", "user", "user", "key")), WORDS
        ),
        st.one_of(st.sampled_from(("1", "20", "Poland", "33")), WORDS),
    ),
    max_size=3,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ("If-None-Match", "Authorization", "Accept", "Content-Length", "Range", "Host", "Cookie")
    ),
    st.one_of(
        st.sampled_from(('W/"x"', "*", "Bearer sesame", "Basic eDp4", "Basic =", "-1", "9" * 40)),
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30),
    ),
    max_size=3,
)
ANSWERS = {200, 304, 308, 400, 401, 404, 405, 413, 416, 503}


def encodable(text: str) -> str:
    """The text without what no client can send."""
    return text.encode("utf-8", "replace").decode("utf-8")


@pytest.mark.parametrize("key", ["", "sesame"])
def test_any_request_is_answered(published, key):
    app = create_app({"STORE": f"sqlite:///{published}", "API_KEY": key})
    client = app.test_client()

    @given(
        method=st.sampled_from(("GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PUT")),
        path=PATHS,
        query=QUERIES,
        headers=HEADERS,
    )
    def sweep(method, path, query, headers):
        note(f"{method} {path!r} {query!r} {headers!r}")
        address = (
            quote(encodable(path))
            + "?"
            + urlencode([(encodable(name), encodable(text)) for name, text in query])
        )
        with time_limit(SECONDS):
            response = client.open(address, method=method, headers=headers)
        assert response.status_code in ANSWERS
        if response.status_code >= 400 and not (path == "/" and method in ("GET", "HEAD")):
            assert response.mimetype == "application/problem+json"
            assert method == "HEAD" or response.get_json()["status"] == response.status_code

    sweep()


# Stores.


def everything_of(store) -> None:
    """Ask a store all that readers and the job ask."""
    store.current()
    found = store.find_run("swept")
    for user in LISTENERS[:2]:
        store.user(user)
    store.new_user("Poland", "25-34")
    if found:
        store.count_users(found)
        check_set(store, found)


def assert_down_or_sound(path: Path) -> None:
    """Ask a store's file all there is, by itself and by the API, and remove it."""
    store = open_store(f"sqlite:///{path}")
    client = create_app({"STORE": f"sqlite:///{path}"}).test_client()
    try:
        with time_limit(SECONDS):
            with contextlib.suppress(OutsideError):
                everything_of(store)
            for address in ("/readyz", "/", "/metrics"):
                assert client.get(address).status_code in (200, 503)
            known = client.get(f"/users/{LISTENERS[0]}/recommendations").status_code
            assert known in (200, 404, 503)  # 404 where the user's row is lost
            with contextlib.suppress(OutsideError, UserError):
                store.rollback()
    finally:
        store.close()
        client.application.extensions["store"].close()
        for file in path.parent.glob("store.db*"):
            file.unlink()


def test_a_damaged_store_is_a_store_that_is_down(published, tmp_path):
    sound = published.read_bytes()
    path = tmp_path / "store.db"

    @given(content=st.one_of(damaged(sound), damaged(sound), st.binary(max_size=200)))
    def sweep(content):
        path.write_bytes(content)
        assert_down_or_sound(path)

    sweep()
    schema = sound.replace(b"number INTEGER PRIMARY KEY", b"number INTEGER PRIMARY \xffEY")
    assert schema != sound
    path.write_bytes(schema)  # SQLite quotes the odd byte in its message
    assert_down_or_sound(path)


VALUES = (
    "NULL",
    "''",
    "'[]'",
    "'{}'",
    "'{\"version\": 1}'",
    "x'ff00'",
    "-1",
    "1e300",
    "x''",
    "'🏀'",
)
PLACES = {
    "runs": ("run", "complete", "base", "version"),
    "pointer": ("current", "previous"),
    "artists_1": ("number",),
    "lists_1": ("country", "age_group", "rule", "recommendations"),
    "users_1": ("rule", "neighbours", "recommendations", "top_artists", "country", "age_group"),
}
MISCHIEF = (
    *(f"DELETE FROM {table}" for table in PLACES),  # noqa: S608
    *(f"DROP TABLE {table}" for table in PLACES),
    *(
        f"UPDATE OR IGNORE {table} SET {column} = {value}"  # noqa: S608
        for table, columns in PLACES.items()
        for column in columns
        for value in VALUES
    ),
    *(
        f"UPDATE runs SET run = json_set(run, '$.{name}', {value})"  # noqa: S608
        for name in ("users", "countries", "report", "generated_at", "example_users", "more")
        for value in ("NULL", "5", "'x'", "json('[5]')", "json('{}')")
    ),
)


def test_a_store_with_any_contents_is_sound_or_down(published, tmp_path):
    path = tmp_path / "store.db"

    @given(statements=st.lists(st.sampled_from(MISCHIEF), min_size=1, max_size=3))
    @example(statements=["UPDATE OR IGNORE pointer SET previous = ''"])
    @example(statements=["UPDATE OR IGNORE users_1 SET rule = x''"])
    @example(statements=["UPDATE runs SET run = json_set(run, '$.report', json('{}'))"])
    def sweep(statements):
        note("; ".join(statements))
        shutil.copy(published, path)
        with closing(sqlite3.connect(path)) as database, database:
            for statement in statements:
                with contextlib.suppress(sqlite3.Error):
                    database.execute(statement)
        assert_down_or_sound(path)

    sweep()


# Databases.


@pytest.fixture(scope="module")
def server(postgres_url) -> Iterator[psycopg2.extensions.connection]:
    with closing(psycopg2.connect(postgres_url)) as opened_server:
        opened_server.set_client_encoding("UTF8")
        yield opened_server


def test_any_event_file_lands_or_is_one_error(tmp_path, server):
    """PostgreSQL takes in all that is read."""

    def land(folder: Path, name: str) -> None:
        try:
            with opened(str(folder / name)) as file:
                landing = load_rows(server, rows_in_turn([file], {}), skip_bad_rows=True)
            ((_, table),) = [source.relation for source in landing.sources()]
            with server.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM pg_temp.{table}")  # noqa: S608
                assert cursor.fetchone() == (landing.records,)
        finally:
            server.rollback()

    swept(Reader(EVENT_FILES, land), tmp_path / "read")


CELLS = {
    "text": ("'u'", "''", "NULL", "E'a\\tb\\n'", "'拜登🏀'", "repeat('x', 9999)", "U&'\\FEFF'"),
    "float8": ("1", "0", "-1", "NULL", "'NaN'", "'Infinity'", "1e300", "'-Infinity'", "1e-320"),
    "numeric": ("1", "'NaN'", "NULL", "1e300", "1e500"),
    "date": ("'2008-02-29'", "NULL", "'infinity'", "'-infinity'", "'0044-03-15 BC'",
             "'20000-01-01'", "'epoch'"),
    "timestamptz": ("now()", "NULL", "'infinity'", "'-infinity'", "'0044-03-15 BC'"),
    "bytea": ("'\\xff00'", "NULL"),
    "json": ("'{}'", "NULL"),
}  # fmt: skip
COLUMNS = {
    "plays": ("user_id", "artist_id", "artist_name", "plays", "last_played_at"),
    "profiles": ("user_id", "gender", "age", "country", "signup"),
}
USUAL = {"plays": "float8", "age": "float8", "signup": "date", "last_played_at": "timestamptz"}


@st.composite
def queries(draw, table: str) -> str:
    """A SELECT that stands for a table of the app, its columns of any type and with any values."""
    kinds = [
        draw(st.sampled_from((*[USUAL.get(column, "text")] * 9, *CELLS)))
        for column in COLUMNS[table]
    ]
    rows = draw(st.lists(st.tuples(*(st.sampled_from(CELLS[kind]) for kind in kinds)), max_size=4))
    heads = [
        f"NULL::{kind} AS {column}" for kind, column in zip(kinds, COLUMNS[table], strict=True)
    ]
    parts = [f"SELECT {', '.join(heads)} WHERE false"]
    parts += [
        "SELECT " + ", ".join(f"{cell}::{kind}" for cell, kind in zip(row, kinds, strict=True))
        for row in rows
    ]
    return " UNION ALL ".join(parts)


def test_any_tables_of_the_app_are_read_or_are_one_error(tmp_path, postgres_url):
    database = postgres_url.replace("/postgres?", "/swept?")
    with closing(psycopg2.connect(postgres_url)) as opened_server:
        opened_server.autocommit = True
        opened_server.cursor().execute("CREATE DATABASE swept")

    @given(
        plays=queries("plays"), profiles=queries("profiles"), max_age=st.sampled_from((None, "5y"))
    )
    @example(
        plays="SELECT 'u' AS user_id, 'a' AS artist_id, 'a' AS artist_name, 1 AS plays, "
        "now() AS last_played_at",
        profiles="SELECT 'u' AS user_id, 'f' AS gender, 1 AS age, '' AS country, "
        "'0044-03-15 BC'::date AS signup",
        max_age=None,
    )
    def sweep(plays, profiles, max_age):
        note(f"{plays}\n{profiles}")
        with closing(psycopg2.connect(database)) as app, app, app.cursor() as cursor:
            cursor.execute("DROP VIEW IF EXISTS plays, profiles")
            cursor.execute(f"CREATE VIEW plays AS {plays}; CREATE VIEW profiles AS {profiles}")
        age = max_age and maximum_age(max_age)
        with time_limit(SECONDS), contextlib.suppress(UserError):
            exported = app_database.export_tables(database, tmp_path, age and age.interval())
            read_finite(*exported)

    sweep()


COLUMN_VALUES = (
    pa.array(["u", None, "", "a\tb", "拜登"]),
    pa.array([1, None, -1, 0, 2**62]),
    pa.array([1.5, float("nan"), float("inf"), -0.0, None]),
    pa.array([None] * 5),
    pa.array([b"\xff", b"", None, b"a", b"\0"]),
    pa.array([["a"], [], None, ["b"], [None]]),
    pa.array([{"a": 1}] * 5),
    pa.array([True, False, None, True, True]),
    pa.array([0, 1, None, 2**40, -(2**40)], pa.timestamp("s")),
    pa.array([0, 1, None, 2**60, -(2**60)], pa.timestamp("us", "Asia/Hong_Kong")),
    pa.array([0, None, 2**31 - 1, -(2**31), 14000], pa.date32()),
    pa.array([0, None, 1, 2, 3], pa.time32("s")),
    pa.array(["u", "u", None, "v", "v"]).dictionary_encode(),
    pa.array([1, 1, None, 2, 2]).dictionary_encode(),
    pa.array(["u", None, "v", "w", ""], pa.large_string()),
    pa.array([1, None, 2, 3, 4], pa.decimal128(38, 9)),
)


def tables(names: tuple[str, ...]) -> st.SearchStrategy[pa.Table]:
    """Parquet tables with columns of any types, one of which may be missing."""
    each = st.fixed_dictionaries(
        dict.fromkeys(names[:-1], st.sampled_from(COLUMN_VALUES)),
        optional={names[-1]: st.sampled_from(COLUMN_VALUES)},
    )
    return st.tuples(each, st.integers(0, 5)).map(lambda it: pa.table(it[0]).slice(0, it[1]))


@given(
    plays=tables(COLUMNS["plays"]),
    profiles=tables(COLUMNS["profiles"]),
    age=st.sampled_from((None, "5y", "300y", "99999y")),
)
@example(
    plays=pa.table(dict.fromkeys(COLUMNS["plays"], COLUMN_VALUES[5])),
    profiles=pa.table(dict.fromkeys(COLUMNS["profiles"], COLUMN_VALUES[4])),
    age="5y",
)
@example(
    plays=pa.table(
        dict.fromkeys(COLUMNS["plays"], COLUMN_VALUES[1]) | {"last_played_at": COLUMN_VALUES[8]}
    ),
    profiles=pa.table(dict.fromkeys(COLUMNS["profiles"], COLUMN_VALUES[12])),  # categories
    age="5y",  # of times in whole seconds
)
def test_any_columns_are_read_or_are_one_error(plays, profiles, age):
    note(f"{plays.schema}\n{profiles.schema}")
    with tempfile.TemporaryDirectory() as name:
        for table, file in ((plays, "plays.parquet"), (profiles, "profiles.parquet")):
            parquet.write_table(table, Path(name) / file)
        with time_limit(SECONDS), contextlib.suppress(UserError):
            read_finite(Path(name) / "plays.parquet", Path(name) / "profiles.parquet", age)


def test_a_damaged_cache_of_plays_is_as_good_as_none(tmp_path, monkeypatch):
    monkeypatch.setattr(plays_cache, "LARGE", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path, _ = write_listeners(tmp_path, users=4, artists=6, seed=3)
    read_plays(path)
    kept = plays_cache.cache_of(path)
    sound = kept.read_bytes()

    @given(content=st.one_of(damaged(sound), st.binary(max_size=99)))
    def sweep(content):
        kept.write_bytes(content)
        with time_limit(SECONDS):
            plays, _ = read_plays(path)
        assert plays.matrix.nnz

    sweep()
