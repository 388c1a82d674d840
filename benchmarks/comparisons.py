"""What ours takes next to the best peer: each benchmark notes it, and `run_all.py` shows all."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

FILE_VARIABLE = "BENCHMARK_COMPARISONS"  # names the file of the notes; without it nothing is noted


class Comparison(NamedTuple):
    """A piece of work, and what ours and the best peer take for it, in one unit, less is better."""

    work: str
    unit: str
    ours: float
    peer: str
    theirs: float

    @property
    def ratio(self) -> float:
        """How many times the peer's figure ours is; above 1 the peer wins."""
        return self.ours / self.theirs


def note(work: str, unit: str, ours: float, peers: Mapping[str, float]) -> None:
    """Add the comparison with the best of the peers to the file of notes."""
    path = os.environ.get(FILE_VARIABLE)
    if path and peers:
        peer = min(peers, key=peers.get)
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps([work, unit, ours, peer, max(peers[peer], 1e-9)]) + "\n")


def noted(path: Path) -> list[Comparison]:
    """The comparisons in a file of notes."""
    return [Comparison(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def comparison_table(comparisons: Iterable[Comparison]) -> str:
    """One row a comparison, as Markdown; those that a peer wins come first."""
    rows = ["| work | | ours | best peer | | ratio |", "|---|---|---:|---:|---|---:|"]
    for it in sorted(comparisons, key=lambda it: -it.ratio):
        rows.append(
            f"| {it.work} | {it.unit} | {it.ours:.3g} | {it.theirs:.3g} | {it.peer} |"
            f" {it.ratio:.2f} |"
        )
    return "\n".join(rows)
