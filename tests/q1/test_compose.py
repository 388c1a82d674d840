"""The compose file, its .env and the script agree, down to the password."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import parse_dsn

from tests.conftest import ROOT, clean_environment, run_script

# Characters that shells, compose, .env readers and URLs treat in ways of their own.
PASSWORD = 'p@ss: ${HOME} $$ #1 \\ / %20 "quoted"'  # noqa: S105


@pytest.fixture
def project(tmp_path) -> Path:
    """The parts of the project that a user of compose needs, below a path with a space."""
    folder = tmp_path / "a project"
    shutil.copytree(ROOT / "Q1", folder / "Q1")
    for name in ("docker-compose.yml", ".env.example"):
        shutil.copy(ROOT / name, folder)
    return folder


def rendered(project: Path) -> dict:
    """What compose makes of the compose file and `.env`."""
    finished = compose(project)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)["services"]["postgres"]


def compose(project: Path) -> subprocess.CompletedProcess:
    program = Path(sys.executable).parent / "docker-compose"
    return subprocess.run(
        [program, "config", "--format", "json"],
        cwd=project,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )


def write_dotenv(project: Path, **settings: str) -> None:
    """Copy `.env.example` to `.env`, with some settings changed, as a user would."""
    lines = (project / ".env.example").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.split("=")[0] not in settings]
    changed = [f"{name}='{value}'" for name, value in settings.items()]
    (project / ".env").write_text("\n".join([*kept, *changed, ""]), encoding="utf-8")


def test_the_example_starts_a_server_for_this_machine_only(project):
    shutil.copy(project / ".env.example", project / ".env")
    service = rendered(project)
    (port,) = service["ports"]
    assert port["host_ip"] == "127.0.0.1"
    assert port["target"] == 5432
    assert service["environment"]["POSTGRES_USER"] == "analyst"


@pytest.mark.parametrize("missing", ["PGUSER", "PGPASSWORD", "PGDATABASE", "PGPORT"])
def test_a_setting_that_is_missing_is_named(project, missing):
    write_dotenv(project, **{missing: ""})
    finished = compose(project)
    assert finished.returncode != 0
    assert missing in finished.stderr
    assert "see .env.example" in finished.stderr


def test_the_script_reaches_the_server_that_compose_would_start(project, postgres_url):
    port = parse_dsn(postgres_url)["port"]
    write_dotenv(project, PGPORT=port, PGPASSWORD=PASSWORD)
    service = rendered(project)
    server = {name: value.replace("$$", "$") for name, value in service["environment"].items()}
    assert server["POSTGRES_PASSWORD"] == PASSWORD
    (published,) = service["ports"]
    assert (published["host_ip"], published["published"]) == ("127.0.0.1", port)
    create_account(postgres_url, server)

    finished = run_script(project / "Q1" / "sql.py", "--format", "json")
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["records"] == 10_000
    assert f"at analyst@127.0.0.1:{port}/events (from .env)" in finished.stderr
    assert PASSWORD not in finished.stderr


def create_account(url: str, server: dict[str, str]) -> None:
    """Do what the image does on its first start: a superuser with a database."""
    user, database = sql.Identifier(server["POSTGRES_USER"]), sql.Identifier(server["POSTGRES_DB"])
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD %s").format(user),
            [server["POSTGRES_PASSWORD"]],
        )
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, user))
    connection.close()
