"""A trained tagger as a `.skops` file: data to be read, not code to be run as a pickle is.

    from tagger.saved import load

    load("tagger.skops").predict(["湖人擊敗勇士"])

The format is skops' (skops.readthedocs.io): a zip of JSON and arrays. Loading refuses every type
that is not in ours, or in skops' own, list.
"""

from common.command import UserError

import sys
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
import skops.io
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

from articles.preparation import prepared
from articles.vectors.source import GivenVectors, Vectors
from articles.words import segmenter_name
from common.output import replacing
from tagger.predictions import OTHERS, Wanted, check_abilities, predictions
from tagger.vectors import needed

# What a tagger holds beyond the types that skops trusts: our own, the names of a vote's models, and
# the trees of a forest, which scikit-learn checks when it restores them.
OURS = (
    "tagger.calibration.TemperatureScaled",
    "tagger.drift.Drift",
    "tagger.features.CentredVectors",
    "tagger.features.FrequentTerms",
    "tagger.features.TermWeights",
    "tagger.liblinear.RepeatableSVC",
    "tagger.multi_label.TagDecisions",
    "tagger.nb_logistic.NBLogisticRegression",
    "tagger.novelty.Novelty",
    "tagger.softmax_svc.SoftmaxSVC",
    "tagger.terms.TermCounts",
    "tagger.vector_regression.VectorRegression",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)
# What taggers hold that were saved by earlier versions.
EARLIER = {"ratio_regression.RatioRegression", "sklearn.calibration._CalibratedClassifier"}


@dataclass(frozen=True)
class SavedTagger:
    """A tagger and what must be the same where it is used."""

    tagger: Pipeline  # or learnt out of core, TemperatureScaled
    convert: str | None  # OpenCC's configuration for the text, if any
    segmenter: str
    sklearn_version: str
    embedding_model: str = ""  # hash of the model that made the vectors; empty if they were given

    def vectors_of(self, source: Vectors | None) -> Vectors | None:
        """Return what the tagger reads of a source of vectors; see `tagger.vectors.needed`."""
        return needed(self.tagger, self.embedding_model, source)

    def predict(
        self,
        texts: Sequence[str],
        min_confidence: float | Mapping[str, float] = 0.0,
        top_k: int = 0,
        max_refused: float = 0.0,
        reasons: bool = False,
        vectors: np.ndarray | Vectors | None = None,
    ) -> pd.DataFrame:
        """Return the tag of each text and the confidence in it, a row for each text in order.

        The columns are predicted_tag, confidence and novelty, from 0 to 1; with `top_k` also tag_1,
        confidence_1, tag_2 and so on. predicted_tag is empty below `min_confidence`, which is for
        all tags, or by tag, and for novel articles. Which these are is decided so that the share
        `max_refused` of articles of known topics would be among them. With `reasons` there are
        also reasons, the words that spoke for the likeliest tag, second_tag, and second_reasons,
        those that spoke for that one, the strongest first. A multi-label tagger joins several tags,
        and their confidences, by its separator, and knows neither novelty nor reasons. Texts are
        cleaned and converted as those that the tagger has learnt from. A tagger that reads vectors
        needs `vectors`, of shape (texts, size), or the `articles.vectors.embedding.EmbeddingModel`
        that it has learnt with. Nothing of the tagger changes, so that threads can share it. Raises
        UserError if a limit names a tag that the tagger does not have, novelty or reasons are asked
        of one that does not know them, or the vectors are not those that it needs.
        """
        if isinstance(texts, str):
            raise TypeError("texts is one text: pass a list of texts")
        limits = min_confidence
        if not isinstance(limits, Mapping):
            limits = {OTHERS: limits}
        texts = list(texts)
        articles = pd.DataFrame({"id": range(len(texts)), "text": texts}, dtype=object)
        wanted = Wanted(limits, top_k, max_refused, reasons)
        check_abilities(self.tagger, wanted.abilities)
        if isinstance(vectors, np.ndarray):
            vectors = GivenVectors(vectors, len(texts))
        source = self.vectors_of(vectors)
        ready = prepared(articles, self.convert, vectors=source)
        found = predictions(self.tagger, ready, wanted)
        return found.drop(columns=["id", "text"])


def save_tagger(
    tagger: Pipeline, convert: str | None, path: Path, vectors: Vectors | None = None
) -> None:
    """Write the tagger to `path`, compressed. vectors: those that it has learnt with, if any."""
    identity = vectors.identity if vectors else ""
    saved = SavedTagger(tagger, convert, segmenter_name(), sklearn.__version__, identity)
    content = {name: getattr(saved, name) for name in SavedTagger.__dataclass_fields__}
    with replacing(path) as sibling:
        skops.io.dump(content, sibling, compression=zipfile.ZIP_DEFLATED)


def load(path: str | Path) -> SavedTagger:
    """The tagger of `path`. Raises UserError if it is none or holds a foreign type.

    A segmenter or a scikit-learn of another version is reported on standard error.
    """
    path = Path(path)
    with path.open("rb"):
        pass  # a missing file is named as such
    try:
        foreign = sorted(set(skops.io.get_untrusted_types(file=path)) - set(OURS))
        if EARLIER & set(foreign):
            raise UserError(
                f"{path}: was saved by an earlier version of this script, which calibrated in "
                "another way; learn from the articles again with --save"
            )
        if foreign:
            raise UserError(f"{path}: not loaded, it holds types not ours: {', '.join(foreign)}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            saved = SavedTagger(**skops.io.load(path, trusted=list(OURS)))
    except UserError:
        raise
    except Exception as error:  # whatever a damaged file makes zipfile, json or scikit-learn raise
        reason = f"{type(error).__name__} {error}"
        raise UserError(f"{path}: not a tagger saved with --save: {reason}") from None
    for then, now in (
        (saved.segmenter, segmenter_name()),
        (f"scikit-learn {saved.sklearn_version}", f"scikit-learn {sklearn.__version__}"),
    ):
        if then != now:
            print(f"{path}: made with {then}, here is {now}: tags may differ", file=sys.stderr)
    return saved
