"""Clients generated from the API's description get its answers, in Python and in TypeScript."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.q3b.web.conftest import ARTISTS, LISTENERS, publish, serving
from web.openapi import openapi_document

pytestmark = pytest.mark.slow
NODE = ROOT / "tests" / "node"
EXPECTED = {"artists": ARTISTS[:2], "problem": 404, "batch": 200}
# An environment of its own: its ruamel.yaml is not that of yacron.
PYTHON_CLIENT = "openapi-python-client>=0.29,<0.30"
PYTHON_CALLER = """
import json, sys
from client import AuthenticatedClient
from client.api.artists import batch_recommendations, user_recommendations
from client.models import BatchRecommendationsBody

base, token, user = sys.argv[1:]
client = AuthenticatedClient(base_url=base, token=token)
known = user_recommendations.sync(user, client=client, limit=2)
unknown = user_recommendations.sync("nobody", client=client)
asked = BatchRecommendationsBody(users=[user, "nobody"], limit=1)
batch = batch_recommendations.sync_detailed(client=client, body=asked)
answers = [artist.name for artist in known.artists], unknown.status, batch.status_code
print(json.dumps(dict(zip(("artists", "problem", "batch"), answers))))
"""


@pytest.fixture
def description(tmp_path):
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(openapi_document()), encoding="utf-8")
    return path


@pytest.fixture
def asked(tmp_path):
    """The address of the API, its key and a user whom it knows."""
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    publish(url)
    with serving(url, RECOMMENDER_API_KEY="sesame") as base:
        yield base, "sesame", LISTENERS[0]


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


def test_a_python_client_gets_the_answers(generator, description, asked, tmp_path):
    made = ("--path", description, "--output-path", tmp_path / "client", "--meta", "none")
    output_of(generator, "-m", "openapi_python_client", "generate", *made, cwd=tmp_path)
    (tmp_path / "caller.py").write_text(PYTHON_CALLER, encoding="utf-8")
    answers = output_of(generator, "caller.py", *asked, cwd=tmp_path)
    assert json.loads(answers) == EXPECTED


def test_a_typescript_client_gets_the_answers(description, asked, tmp_path):
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
    assert json.loads(output_of(node, "client.js", *asked, cwd=tmp_path)) == EXPECTED
