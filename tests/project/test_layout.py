"""Each question's folder works by itself, and all of them keep the same habits."""

import ast
import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import QUESTIONS, ROOT, run_script
from tests.project.conftest import loaded
from tests.project.import_graph import imports, reachable

# Not those below `deploy`, which Airflow loads.
MODULES = [
    module
    for question in QUESTIONS
    for module in sorted(question.rglob("*.py"))
    if "deploy" not in module.parts
]
COMMON = sorted(
    {path.name for question in QUESTIONS for path in question.glob("common/*.*") if path.is_file()}
)
REDUNDANT_LINES = 1200  # of files in `common` that occur more than once, of whatever kind


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parse(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def is_script(module: Path) -> bool:
    return 'if __name__ == "__main__":' in module.read_text(encoding="utf-8")


SCRIPTS = [module for module in MODULES if is_script(module)]


def copies(name: str) -> list[Path]:
    """Where a file of `common` occurs."""
    return [path for question in QUESTIONS if (path := question / "common" / name).exists()]


@pytest.mark.parametrize("name", COMMON)
def test_a_common_file_is_the_same_wherever_it_occurs(name):
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in copies(name)}
    assert len(copies(name)) > 1, f"only one question uses {name}: put it into a stage"
    assert len(digests) == 1, f"{name} differs between questions"


def test_copies_are_few_lines():
    repeated = [path for name in COMMON for path in copies(name)[1:]]
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in repeated)
    assert lines <= REDUNDANT_LINES


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_a_question_has_only_the_common_files_that_it_uses(question):
    graph = imports(question)
    used = set().union(*(reachable(module.resolve(), graph) for module in question.glob("*.py")))
    assert set(question.glob("common/*.py")) <= used


def test_names_of_packages_and_scripts_are_unique_across_questions():
    names = [
        path.stem
        for question in QUESTIONS
        for path in question.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    assert "common" not in names, "`common` is one namespace over all questions: no __init__.py"
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("question", QUESTIONS, ids=name_of)
def test_the_top_of_a_question_holds_scripts_alone(question):
    assert all(map(is_script, question.glob("*.py")))


@pytest.mark.parametrize("folder", sorted({module.parent for module in MODULES}), ids=name_of)
def test_a_folder_of_modules_says_what_it_holds(folder):
    if folder not in QUESTIONS and folder.name != "common":
        assert ast.get_docstring(parse(folder / "__init__.py"))


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_says_what_it_holds_and_does_no_work_when_imported(module):
    tree = parse(module)
    assert ast.get_docstring(tree)
    for node in tree.body:
        call = node.value if isinstance(node, ast.Expr) else None
        assert not isinstance(call, ast.Call), f"line {node.lineno} calls at import time"
        assert not isinstance(node, ast.For | ast.While | ast.With), f"line {node.lineno}"


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_a_script_explains_itself(script):
    finished = run_script(script, "--help")
    assert finished.returncode == 0, finished.stderr
    assert "Usage:" in finished.stdout
    assert f"python {name_of(script)}" in finished.stdout, "the help shows no example"
    assert str(ROOT) not in finished.stdout, "the help shows a path of this machine"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such mode")
@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_a_script_can_be_started_as_a_program(script):
    """Shells complete the options of programs alone."""
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_an_unknown_option_is_one_line(script):
    finished = run_script(script, "--no-such-option")
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1
    assert f"{script.name}: error: " in finished.stderr


def test_every_question_has_a_script():
    assert {script.parent for script in SCRIPTS} == set(QUESTIONS)


def test_all_benchmarks_are_run_together():
    scripts = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if is_script(path)}
    assert scripts - {"run_all"} == set(loaded(ROOT / "benchmarks" / "run_all.py").STATED_SIZES)


def test_text_files_are_utf8_with_unix_line_ends():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode("utf-8").split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".sql", ".toml", ".yml", ".txt"} and path.exists():
            content = path.read_bytes()
            assert b"\r" not in content or "fixtures" in path.parts, name
            if "fixtures" not in path.parts:
                content.decode("utf-8")
