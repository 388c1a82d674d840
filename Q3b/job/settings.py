"""What is asked of a run."""

from dataclasses import dataclass

METRICS = ("cosine", "euclidean")  # the methods of recommender/methods.py


@dataclass(frozen=True)
class RunSettings:
    """What the user asks of a run."""

    metric: str = "cosine"  # one of METRICS
    neighbours: int | None = None  # of each user; None: as many as the metric usually takes
    recommendations: int = 20  # artists for each user
    include_played: bool = False
    gender: str | None = None  # only the users of this one
    share: float = 1.0  # fraction of the users, drawn
    seed: int = 1
