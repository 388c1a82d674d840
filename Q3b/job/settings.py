"""What is asked of a run."""

from dataclasses import dataclass

METRICS = ("cosine", "euclidean")  # the methods of recommender/methods.py
BLENDS = ("als",)  # what the vote by cosine may be blended with


@dataclass(frozen=True)
class RunSettings:
    """What the user asks of a run."""

    metric: str = "cosine"  # one of METRICS
    neighbours: int | None = None  # of each user; None: as many as the metric usually takes
    blend: str | None = None  # one of BLENDS
    recommendations: int = 20  # artists for each user
    include_played: bool = False
    gender: str | None = None  # only the users of this one
    share: float = 1.0  # fraction of the users, drawn
    voters: int = 500_000  # who vote at most, drawn; by cosine without a blend
    seed: int = 1
    item_name: str = "artist"  # what an item is called, and after a comma what several are

    def voters_of(self, users: int) -> int:
        """How many of the users vote: all, where a method knows them by number."""
        alone = self.metric == "cosine" and not self.blend
        return min(users, self.voters) if alone else users

    def item_names(self) -> list[str]:
        """What one item is called, and what several are: film and films, or story,stories."""
        one, _, several = (part.strip() for part in self.item_name.partition(","))
        return [one, several or f"{one}s"]
