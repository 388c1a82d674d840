"""Imports go from later stages to earlier ones only: the stages are listed in pyproject.toml."""

import tomllib
from pathlib import Path

import pytest

from tests.conftest import QUESTIONS, ROOT
from tests.project.import_graph import broken_rules

STAGES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["stages"]
ORDER = ["common", "read", "compute", "show"]
SOUND = {
    "one/common/numbers.py": "",
    "one/read/__init__.py": "",
    "one/read/files.py": "from common.numbers import one",
    "one/compute/__init__.py": "",
    "one/compute/sums.py": "from read import files",
    "one/show/__init__.py": "",
    "one/show/plot.py": "import compute.sums\nimport json",
    "one/script.py": "from show.plot import draw",
    "two/common/numbers.py": "",
    "two/other.py": "from common.numbers import one",
}
BROKEN = {
    "one/read/files.py imports one/compute/sums.py of a later stage": {
        "one/compute/sums.py": "",
        "one/read/files.py": "def f():\n    from compute import sums",
    },
    "one/compute/sums.py imports one/show/plot.py of a later stage": {
        "one/show/plot.py": "",
        "one/compute/sums.py": "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from show.plot import Plot",
    },
    "one/show/plot.py imports one/script.py of a later stage": {
        "one/script.py": "",
        "one/show/plot.py": "import script",
    },
    "a circle: one/compute/sums.py -> one/compute/means.py -> one/compute/sums.py": {
        "one/compute/sums.py": "from compute.means import mean",
        "one/compute/means.py": "def f():\n    from compute.sums import total",
    },
    "one/read/files.py imports two/other.py of another question": {
        "one/read/files.py": "import other",
    },
    "one/script.py imports one/second.py, another command": {
        "one/second.py": "",
        "one/script.py": "from second import main",
    },
    "one/helpers/texts.py belongs to no stage": {"one/helpers/texts.py": ""},
}


def tree(folder: Path, files: dict[str, str]) -> Path:
    """Write the files below `folder`; return the folder of the first question."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return folder / "one"


def test_a_sound_tree_breaks_no_rule(tmp_path):
    assert broken_rules(tree(tmp_path, SOUND), ORDER, [tmp_path / "two"]) == []


@pytest.mark.parametrize(("rule", "files"), BROKEN.items(), ids=list(BROKEN))
def test_each_broken_rule_is_found(tmp_path, rule, files):
    one = tree(tmp_path, SOUND | files)
    found = broken_rules(one, ORDER, [tmp_path / "two"])
    if rule.startswith("a circle"):  # which may be named from either end
        names = set(rule.removeprefix("a circle: ").split(" -> "))
        assert [set(line.removeprefix("a circle: ").split(" -> ")) for line in found] == [names]
    else:
        assert found == [rule]


def test_every_question_declares_its_stages():
    assert set(STAGES) == {question.name for question in QUESTIONS}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_no_question_breaks_a_rule(question):
    others = [other for other in QUESTIONS if other != question]
    assert broken_rules(question, STAGES[question.name], others) == []
