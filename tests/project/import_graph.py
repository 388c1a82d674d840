"""Which module imports which, by ruff: imports in functions and for type checkers are seen too."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

COMMANDS = "commands"  # the last stage of a question: the files at its top


def imports(question: Path, others: Iterable[Path] = ()) -> dict[Path, set[Path]]:
    """The modules that each module below `question` imports.

    A name is looked up in `question` first, then in `others`: questions are independent, so a
    module that two of them have is each one's own.
    """
    roots = json.dumps([str(folder.resolve()) for folder in (question, *others)])
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "analyze", "graph", "--quiet"),
            *("--isolated", "--config", f"src = {roots}", "."),
        ],
        cwd=question,
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return {
        (question / module).resolve(): {(question / name).resolve() for name in found}
        for module, found in json.loads(finished.stdout).items()
    }


def reachable(module: Path, graph: Mapping[Path, set[Path]]) -> set[Path]:
    """The module and all that it imports, itself or through what it imports."""
    found, waiting = set(), [module]
    while waiting:
        if (current := waiting.pop()) not in found:
            found.add(current)
            waiting += graph.get(current, ())
    return found


def broken_rules(question: Path, stages: Sequence[str], others: Iterable[Path] = ()) -> list[str]:
    """A line for each import that goes to a later stage, to another question or in a circle.

    stages: the folders of the question in the order in which data flow. A module outside them is a
    broken rule too, and so is a command that imports a command.
    """
    graph = imports(question, others)
    question = question.resolve()
    order = [*stages, COMMANDS]
    broken = []

    def name(module: Path) -> str:
        return module.relative_to(question.parent).as_posix()

    def stage(module: Path) -> str:
        parts = module.relative_to(question).parts
        return parts[0] if len(parts) > 1 else COMMANDS

    for module, imported in sorted(graph.items()):
        if stage(module) not in order:
            broken.append(f"{name(module)} belongs to no stage")
            continue
        for other in sorted(imported):
            if not other.is_relative_to(question):
                broken.append(f"{name(module)} imports {name(other)} of another question")
            elif stage(other) not in order:
                continue  # said of that module
            elif order.index(stage(other)) > order.index(stage(module)):
                broken.append(f"{name(module)} imports {name(other)} of a later stage")
            elif stage(module) == stage(other) == COMMANDS:
                broken.append(f"{name(module)} imports {name(other)}, another command")
    if circle := circle_of(graph):
        broken.append(f"a circle: {' -> '.join(map(name, circle))}")
    return broken


def circle_of(graph: Mapping[Path, set[Path]]) -> list[Path]:
    """Return modules that import one another in a circle, the first again at the end; else []."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []
