"""The app's database as compose makes it is one that the job can read."""

from urllib.parse import urlsplit

import psycopg2
import pytest
from app_database import export_tables
from conftest import ROOT
from pyarrow import parquet

TABLES = ROOT / "Q3b" / "deploy" / "app_database.sql"
ROWS = """
INSERT INTO profiles VALUES ('u1', 'f', 29, 'Poland', '2009-01-02'), ('u2', NULL, NULL, NULL, NULL);
INSERT INTO plays VALUES
    ('u1', 'a74b1b7f-71a5-4011-9441-d0b5e4122711', 'Night Ferry', 12, now()),
    ('u1', NULL, '夜行列車', 3, now() - interval '6 years'),
    ('u2', NULL, '夜行列車', 5, now());
"""


@pytest.fixture
def app_url(postgres_url):
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE app_of_deploy")
    url = urlsplit(postgres_url)._replace(path="/app_of_deploy").geturl()
    with psycopg2.connect(url) as app, app.cursor() as cursor:
        for _ in range(2):  # a restart runs it again in vain
            cursor.execute(TABLES.read_text(encoding="utf-8"))
        cursor.execute(ROWS)
    app.close()
    yield url
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE app_of_deploy")
    connection.close()


def test_the_job_reads_the_tables_of_the_app(app_url, tmp_path):
    plays, profiles = export_tables(app_url, tmp_path, max_age="5 years")
    assert parquet.read_table(profiles).column("user_id").to_pylist() == ["u1", "u2"]
    table = parquet.read_table(plays)
    assert table.column("artist_name").to_pylist() == ["Night Ferry", "夜行列車"]
    assert table.column("plays").to_pylist() == [12, 5]
