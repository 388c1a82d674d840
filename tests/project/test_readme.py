"""The README is a promise: its commands print what it shows, its links lead somewhere.

A fenced `console` block holds a command after `$ ` and its exact standard output; a line that is
only `...` stands for any lines. Each command runs in a copy of the project and needs no other one.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from tests.conftest import ROOT, clean_environment
from tests.project.conftest import loaded

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("Q*/README.md")), ROOT / "benchmarks" / "README.md"]
LINKING_PAGES = [*PAGES, ROOT / "CONTRIBUTING.md"]
CONSOLE_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A command of a `sh` block or within a line, with lines continued by a backslash, but no remark.
COMMAND = re.compile(r"\bpython ((?:Q\w+|benchmarks)/\w+\.py(?:[^`\n#&;|)\\]|\\\n)*)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PROMISED_SECTIONS = {
    "Getting started": [],
    "Q1 SQL": [],
    "Q2 Raw data analytics": [],
    "Q3a Tagging prediction": ["Model performance", "Hyper parameter tuning", "Model structure"],
    "Q3b Recommender system": [
        "System design",
        "Method",
        "Environment setup for prototype",
        "Production concern",
    ],
}


class Example(NamedTuple):
    """One command that a page shows, and the standard output shown below it."""

    page: str
    command: str
    output: str


def read_examples(page: Path) -> list[Example]:
    """Every command of the page's `console` blocks, in the order of the page."""
    examples = []
    for block in CONSOLE_BLOCK.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            examples.append(Example(page.relative_to(ROOT).as_posix(), command, output))
    return examples


EXAMPLES = [example for page in PAGES for example in read_examples(page)]


def matches(shown: str, printed: str) -> bool:
    """Whether `printed` is what `shown` says, line by line; `...` matches any lines."""
    lines = [line.rstrip() for line in shown.strip("\n").splitlines()]
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line) + r"\n" for line in lines)
    stripped = (line.rstrip() for line in printed.strip("\n").splitlines())
    return re.fullmatch(pattern, "".join(line + "\n" for line in stripped)) is not None


def anchors(page: Path) -> set[str]:
    """The `#fragments` that GitHub makes of the page's headings."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def project_copy(tmp_path_factory) -> Path:
    """A copy of the project, so that what the commands write stays out of the tree."""
    copy = tmp_path_factory.mktemp("readme") / "project"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def quick_or_slow(example):
    """An example of the test below; some learn for long, or compile kernels for this copy."""
    is_slow = "run_prototype" in example.command or example.page == "Q3a/README.md"
    slow = [pytest.mark.slow] if is_slow else []
    return pytest.param(example, id=f"{example.page}: {example.command}", marks=slow)


@pytest.mark.parametrize("example", [quick_or_slow(it) for it in EXAMPLES])
def test_a_command_prints_what_its_page_shows(example, project_copy):
    program, *arguments = shlex.split(example.command)
    assert program == "python", "a console block shows a python command"
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=project_copy,
        env=clean_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    assert matches(example.output, finished.stdout), finished.stdout


def commands_of(page: Path) -> set[str]:
    """Every command with a script of the project that a page names anywhere."""
    found = COMMAND.findall(page.read_text(encoding="utf-8"))
    return {" ".join(text.replace("\\\n", " ").split()) for text in found}


NAMED_COMMANDS = sorted({command for page in LINKING_PAGES for command in commands_of(page)})


@pytest.mark.parametrize("command", NAMED_COMMANDS)
def test_a_command_that_a_page_names_has_the_options_of_its_script(command):
    """Also one that is not run here, as for data that only its reader has."""
    script, *arguments = shlex.split(command)
    try:
        loaded(ROOT / script).main.make_context(script, arguments)
    except click.exceptions.Exit as end:  # of --help
        assert end.exit_code == 0
    except click.BadParameter as error:
        missing = "does not exist" in error.message or isinstance(error.param.type, click.Path)
        assert missing, error.format_message()


def test_commands_are_found_wherever_they_stand(tmp_path):
    page = tmp_path / "page.md"
    lines = ["See `python Q1/sql.py --users`.", "python Q2/a.py x \\", "    --by url  # now"]
    page.write_text("\n".join([*lines, "a && python Q1/b.py", ""]), encoding="utf-8")
    assert commands_of(page) == {"Q1/sql.py --users", "Q2/a.py x --by url", "Q1/b.py"}


def test_the_comparison_sees_a_difference():
    assert matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert matches("a\n", "a  \n")
    assert not matches("a\n...\nd\n", "a\nb\nc\n")
    assert not matches("a.c\n", "abc\n")
    assert not matches("", "a\n")


def test_the_promised_sections_are_there():
    """Five parts under second-level headings, two of them with parts of their own."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    found = {
        part.split("\n", 1)[0]: re.findall(r"^### (.+)$", part, re.MULTILINE) for part in parts
    }
    for section, below in PROMISED_SECTIONS.items():
        assert section in found
        assert [heading for heading in found[section] if heading in below] == below


def test_each_question_shows_a_checked_command():
    for script in (
        "Q1/sql.py",
        "Q2/raw_data_analytics.py",
        "Q3a/tagging_prediction.py",
        "Q3b/run_prototype.py",
    ):
        assert any(it.page == "README.md" and script in it.command for it in EXAMPLES), script


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 260


def named_modules(page: Path) -> set[str]:
    """What the first cells of a page's tables name: `logs/reader`, `ranges` are both in logs/."""
    found = set()
    for cell in re.findall(r"^\| (.+?) \|", page.read_text(encoding="utf-8"), re.MULTILINE):
        folder = ""
        for name in re.findall(r"`([^`]+)`", cell):
            if "/" in name:
                folder = name.rpartition("/")[0] + "/"
            found.add(name if "/" in name else folder + name)
    return found


@pytest.mark.parametrize("page", PAGES[1:-1], ids=lambda page: page.parent.name)
def test_every_module_has_its_line_in_the_readme_of_its_question(page):
    """It or its folder is named; `common` is described in CONTRIBUTING.md."""
    named = named_modules(page)
    text = page.read_text(encoding="utf-8")
    for module in page.parent.rglob("*.py"):
        path = module.relative_to(page.parent)
        if len(path.parts) == 1:
            assert f"`{path}`" in text
        elif path.parts[0] != "common" and path.name != "__init__.py":
            folders = {f"{folder.as_posix()}/" for folder in path.parents}
            assert named & {path.with_suffix("").as_posix(), *folders}, path


def test_every_benchmark_has_its_line():
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for module in (ROOT / "benchmarks").glob("*.py"):
        assert f"`{module.name}`" in text


@pytest.mark.parametrize("page", LINKING_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        linked = page.parent / name.replace("%20", " ") if name else page
        assert linked.exists(), target
        if fragment:
            assert fragment in anchors(linked), target
