#!/usr/bin/env python3
"""Print what each package of a requirements file brings to this environment by itself, in MB.

By itself: the package and what no other one of the file needs. What several need has a line of its
own.
"""

import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def size(one: Distribution) -> int:
    """The bytes of a package's files."""
    paths = (Path(one.locate_file(file)) for file in one.files or [])
    return sum(path.stat().st_size for path in paths if path.is_file())


def needed(lines: Iterable[str], extras: Iterable[str] = ()) -> set[tuple[str, tuple[str, ...]]]:
    """The names and extras that requirements ask for here."""
    asked = map(Requirement, lines)
    return {
        (canonicalize_name(it.name), tuple(sorted(it.extras)))
        for it in asked
        if not it.marker or any(it.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    }


def closure(wanted: set, installed: dict[str, Distribution]) -> set[str]:
    """The names of packages with all that they need."""
    found, left = set(), list(wanted)
    while left:
        name, extras = package = left.pop()
        if package not in found and name in installed:
            found.add(package)
            left += needed(installed[name].requires or [], extras)
    return {name for name, _ in found}


def table(lines: list[str]) -> str:
    """One line for each package, the largest first, then what several need, then the sum."""
    installed = {canonicalize_name(it.metadata["Name"]): it for it in distributions()}
    wanted = needed(lines)
    together = closure(wanted, installed)
    sizes = {name: size(installed[name]) for name in together}
    own = {one: together - closure(wanted - {one}, installed) for one in wanted}
    rows = [(sum(map(sizes.get, names)), one[0]) for one, names in own.items()]
    total = sum(sizes.values())
    rows = [*sorted(rows, reverse=True), (total - sum(row[0] for row in rows), "needed by several")]
    return "\n".join(f"{bytes_ / 1e6:.1f}\t{name}" for bytes_, name in [*rows, (total, "all")])


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    print(table([line for line in text.splitlines() if line and not line.startswith(("#", "-r"))]))
