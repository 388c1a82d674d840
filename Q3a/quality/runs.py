"""What a run of learning found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
from sklearn.pipeline import Pipeline

from quality.change import Change
from tagger.evaluation import Evaluation
from tagger.search import Choice

NO_WORDS = pd.DataFrame({"word": [], "tag": [], "importance": []})


@dataclass(frozen=True)
class Run:
    """The result of a training run; `choice` is None without a search, as out of core."""

    tagger: Pipeline  # or out of core, TemperatureScaled
    ids: pd.Series  # of the evaluated articles
    evaluation: Evaluation
    seed: int
    choice: Choice | None = None
    words: pd.DataFrame = field(default_factory=lambda: NO_WORDS)
    misled_by: Mapping[int, list[str]] = field(default_factory=dict)  # by row of the evaluation
    articles: pd.DataFrame | None = None  # prepared, those of the evaluation
    change: Change | None = None  # by corrections
    review: pd.DataFrame | None = None  # articles worth a look
