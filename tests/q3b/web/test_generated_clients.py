"""Clients generated from the API's description get its answers, in Python and in TypeScript."""

import json
import shutil
import subprocess
import sys
import urllib.request

import pytest

import recommend_daily
from store.url import open_store
from tests.conftest import ROOT, run_here
from tests.q3b.conftest import TITLES, write_films
from tests.q3b.web.conftest import serving

pytestmark = pytest.mark.slow
NODE = ROOT / "tests" / "node"
USER = "1004"
# An environment of its own: its ruamel.yaml is not that of yacron.
PYTHON_CLIENT = "openapi-python-client>=0.29,<0.30"
PYTHON_CALLER = """
import json, sys
from client import AuthenticatedClient
from client.api.items import batch_recommendations, similar_items, taste_recommendations
from client.api.items import user_recommendations
from client.models import BatchRecommendationsBody, TasteRecommendationsBody

base, token, user = sys.argv[1:]
client = AuthenticatedClient(base_url=base, token=token)
known = user_recommendations.sync(user, client=client, limit=2)
unknown = user_recommendations.sync("nobody", client=client)
asked = BatchRecommendationsBody(users=[user, "nobody"], limit=1)
batch = batch_recommendations.sync_detailed(client=client, body=asked)
taste = TasteRecommendationsBody.from_dict({"user_id": user, "marks": {"2": "none"}, "limit": 2})
same = taste_recommendations.sync(client=client, body=taste)
similar = similar_items.sync("2", client=client, limit=1)
items = [[item.id, item.name, item.url] for item in known.items]
merged = [item.id for item in same.items]
answers = items, unknown.status, batch.status_code, merged, similar.items[0].listeners > 0
print(json.dumps(dict(zip(("items", "problem", "batch", "merged", "similar"), answers))))
"""


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """The address of an API that serves films from CSV, and what its clients are to get."""
    folder = tmp_path_factory.mktemp("films")
    url = f"sqlite:///{folder / 'recommendations.db'}"
    done = run_here(recommend_daily.main, *write_films(folder), "--store", url)
    assert done.returncode == 0, done.stderr
    items = open_store(url).user(USER)["items"][:2]
    expected = [[item["id"], TITLES[int(item["id"])], item["url"]] for item in items]
    assert all(film.isdecimal() for film, _, _ in expected)
    assert any(address for _, _, address in expected)
    with serving(url, RECOMMENDER_API_KEY="sesame") as base:
        yield (
            base,
            {
                "items": expected,
                "problem": 404,
                "batch": 200,
                "merged": [film for film, _, _ in expected],
                "similar": True,
            },
        )


@pytest.fixture
def description(films, tmp_path):
    """The description as that API gives it, with the field of the films."""
    path = tmp_path / "openapi.json"
    with urllib.request.urlopen(f"{films[0]}/openapi.json") as answer:  # noqa: S310 - our own
        path.write_bytes(answer.read())
    return path


@pytest.fixture
def asked(films):
    """The address of the API, its key and a user whom it knows."""
    return films[0], "sesame", USER


def output_of(*command, cwd):
    """What a command prints; its errors fail the test."""
    finished = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def generator():
    """The Python of an environment with openapi-python-client, made at the first test."""
    folder = ROOT / ".pytest_cache" / "openapi-python-client"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        output_of(sys.executable, "-m", "venv", folder, cwd=ROOT)
    output_of(python, "-m", "pip", "install", "--quiet", PYTHON_CLIENT, cwd=ROOT)
    return python


def test_a_python_client_gets_the_answers(generator, description, films, asked, tmp_path):
    made = ("--path", description, "--output-path", tmp_path / "client", "--meta", "none")
    output_of(generator, "-m", "openapi_python_client", "generate", *made, cwd=tmp_path)
    (tmp_path / "caller.py").write_text(PYTHON_CALLER, encoding="utf-8")
    answers = output_of(generator, "caller.py", *asked, cwd=tmp_path)
    assert json.loads(answers) == films[1]


def test_a_typescript_client_gets_the_answers(description, films, asked, tmp_path):
    node, packages = shutil.which("node"), NODE / "node_modules"
    assert node, "run `npm ci` in tests/node (Node 20 or newer)"
    (tmp_path / "node_modules").symlink_to(packages)
    shutil.copy(NODE / "client.ts", tmp_path)
    generate = packages / "openapi-typescript" / "bin" / "cli.js"
    output_of(node, generate, description, "--output", "api.d.ts", cwd=tmp_path)
    check = ("--strict", "--skipLibCheck", "--module", "node16", "client.ts")
    (tmp_path / "node.d.ts").write_text(
        "declare const process: { argv: string[] };", encoding="utf-8"
    )
    compiler = packages / "typescript" / "bin" / "tsc"
    output_of(node, compiler, "--target", "es2022", *check, "node.d.ts", cwd=tmp_path)
    assert json.loads(output_of(node, "client.js", *asked, cwd=tmp_path)) == films[1]
