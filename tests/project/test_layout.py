"""Each question's folder stands alone, and all of them keep the same habits."""

import ast
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, run_script
from script_parsers import loaded

FOLDERS = [ROOT / name for name in ("Q1", "Q2", "Q3a", "Q3b")]
MODULES = [module for folder in FOLDERS for module in sorted(folder.glob("*.py"))]
# Files that are the same wherever they stand, and the fewest folders that have them.
SHARED = {"command_line.py": 4, "cluster.py": 3, "cluster_failures.py": 3}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parse(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def imported_modules(module: Path) -> set[str]:
    """The top-level names that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(module)}: scripts have no relative imports"
            names.add(node.module.split(".")[0])
    return names


def is_script(module: Path) -> bool:
    return 'if __name__ == "__main__":' in module.read_text(encoding="utf-8")


SCRIPTS = [module for module in MODULES if is_script(module)]


@pytest.mark.parametrize(("name", "fewest"), SHARED.items())
def test_a_shared_file_is_the_same_in_every_folder(name, fewest):
    first, *others = [(f / name).read_bytes() for f in FOLDERS if (f / name).exists()]
    assert len(others) + 1 >= fewest
    assert all(other == first for other in others), f"{name} differs between folders"


def test_module_names_are_unique_across_folders():
    names = [module.name for module in MODULES if module.name not in SHARED]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_imports_nothing_from_another_folder(module):
    own = {neighbour.stem for neighbour in module.parent.glob("*.py")}
    foreign = {other.stem for other in MODULES if other.parent != module.parent} - own
    foreign |= {folder.name for folder in FOLDERS}
    assert not imported_modules(module) & foreign


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
    assert "usage:" in finished.stdout
    assert f"python {name_of(script)}" in finished.stdout, "the help shows no example"


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_an_unknown_option_is_one_line(script):
    finished = run_script(script, "--no-such-option")
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1
    assert f"{script.name}: error: " in finished.stderr


def test_every_question_has_a_script():
    assert {script.parent for script in SCRIPTS} == set(FOLDERS)


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


def test_requirements_name_no_version_alone():
    """Ranges, so that the project installs beside others and on several Pythons."""
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-models.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r ")):
                requirement = line.split(";")[0]
                assert ">=" in requirement, line
                assert "<" in requirement, line
