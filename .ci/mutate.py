#!/usr/bin/env python3
"""Break drawn lines of the program, each in one way, and see whether the tests notice.

    python .ci/mutate.py --lines 50 --seed 1

cosmic-ray (cosmic-ray.readthedocs.io) knows the ways: other operators, numbers and comparisons, no
decorator, loops without turns. All is done in a clone, with the tests of the module's stage first,
then those of its question, then those of the project. Printed are the lines that no test missed.
"""

import argparse
import ast
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 900  # of one part of the tests; an endless loop is noticed then


@dataclass(frozen=True)
class Mutation:
    """A module, path from the project's root, with one line broken."""

    path: Path
    line: int
    code: str

    def difference(self) -> str:
        """The lines before and after."""
        before = (ROOT / self.path).read_text(encoding="utf-8").splitlines()
        lines = difflib.unified_diff(before, self.code.splitlines(), n=0, lineterm="")
        return "\n".join(line for line in lines if line[:3] not in ("---", "+++", "@@ "))


def modules() -> list[Path]:
    """The program's modules, each copied one once."""
    listed = subprocess.run(
        ["git", "ls-files", "Q*/*.py"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found = {(ROOT / name).read_bytes(): Path(name) for name in listed.stdout.splitlines()}
    return sorted(found.values())


def spans_of_annotations(code: str) -> Iterator[range]:
    """Where types are written, as lines: to break these changes nothing that runs."""
    for node in ast.walk(ast.parse(code)):
        for name in ("annotation", "returns"):
            if written := getattr(node, name, None):
                yield range(written.lineno, written.end_lineno + 1)


@cache
def mutable_lines(path: Path) -> dict[int, list[tuple[str, int]]]:
    """By line: the operators of cosmic-ray that change it, each with its number in the module."""
    code = (ROOT / path).read_text(encoding="utf-8")
    typed = {line for span in spans_of_annotations(code) for line in span}
    tree, found = get_ast(code), defaultdict(list)
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments():
            continue
        places = (it for node in ast_nodes(tree) for it in operator().mutation_positions(node))
        for occurrence, ((line, _), _) in enumerate(places):
            if line not in typed:
                found[line].append((name, occurrence))
    return found


def is_other_code(broken: str, code: str) -> bool:
    """Whether it does something else, and is Python still: an unpacking `*` cannot become `/`."""
    try:
        return ast.dump(ast.parse(broken)) != ast.dump(ast.parse(code))
    except SyntaxError:
        return False


def drawn(number: int, seed: int) -> list[Mutation]:
    """So many different lines, all of the program as likely, each broken in one way."""
    chosen = random.Random(seed)  # noqa: S311, a draw that can be repeated
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in modules()}
    lines = [(path, line) for path in texts for line in range(1, texts[path].count("\n") + 1)]
    chosen.shuffle(lines)
    mutations = []
    for path, line in lines:
        if ways := mutable_lines(path).get(line):
            operator, occurrence = chosen.choice(ways)
            broken = mutate_code(texts[path], get_operator(operator)(), occurrence)
            if broken and is_other_code(broken, texts[path]):
                mutations.append(Mutation(path, line, broken))
        if len(mutations) == number:
            break
    return mutations


def parts_of_tests(path: Path, clone: Path) -> Iterable[list[Path]]:
    """The tests that are likely to notice, then all others, in parts."""
    own = clone / "tests" / path.parts[0].lower()
    stage = own / path.parts[1]
    everything = sorted([*own.rglob("test_*.py"), *(clone / "tests" / "project").glob("test_*.py")])
    names = (path.stem, ".".join(path.with_suffix("").parts[1:]))
    first = [
        it
        for it in everything
        if stage in it.parents or any(name in it.read_text(encoding="utf-8") for name in names)
    ]
    return first, [it for it in everything if it not in first]


def noticed(mutation: Mutation, clone: Path, python: str) -> bool:
    """Whether a test fails with the mutation."""
    module = clone / mutation.path
    whole = module.read_text(encoding="utf-8")
    module.write_text(mutation.code, encoding="utf-8")
    try:
        return any(
            fails(tests, clone, python) for tests in parts_of_tests(mutation.path, clone) if tests
        )
    finally:
        module.write_text(whole, encoding="utf-8")


def fails(tests: list[Path], clone: Path, python: str) -> bool:
    """Whether one of the tests fails, or does not end."""
    command = [python, "-m", "pytest", "-x", "-q", "-n", "logical", "--dist", "worksteal", *tests]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        finished = subprocess.run(
            command, cwd=clone, env=environment, capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return True
    return finished.returncode != 0


def cloned(folder: Path) -> Path:
    """A clone of the project as it is committed, with what the tests of pages need."""
    clone = folder / "project"
    subprocess.run(["git", "clone", "--quiet", "--local", ROOT, clone], check=True)
    modules_of_node = ROOT / "tests" / "node" / "node_modules"
    if modules_of_node.exists():
        shutil.copytree(modules_of_node, clone / "tests" / "node" / "node_modules", symlinks=True)
    return clone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=50, help="How many lines to break.")
    parser.add_argument("--seed", type=int, default=1, help="Seed of the drawing.")
    parser.add_argument(
        "--python",
        default=sys.executable,
        help="Python with the packages of the tests.",
    )
    options = parser.parse_args()
    mutations = drawn(options.lines, options.seed)
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        clone = cloned(Path(folder))
        for number, mutation in enumerate(mutations, 1):
            found = noticed(mutation, clone, options.python)
            place = f"{mutation.path.as_posix()}:{mutation.line}"
            word = "noticed" if found else "survived"
            print(f"{number} of {len(mutations)}: {place} {word}", file=sys.stderr, flush=True)
            if not found:
                survivors.append(f"{place}\n{mutation.difference()}\n")
    print(f"{len(mutations) - len(survivors)} of {len(mutations)} broken lines were noticed")
    print("\n".join(survivors))


if __name__ == "__main__":
    main()
