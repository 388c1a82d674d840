"""The vectors that a tagger needs, which must be those of the model that it has learnt with."""

from common.command import UserError

from sklearn.pipeline import Pipeline

from articles.preparation import report_all
from articles.vectors.source import Vectors
from tagger.terms import VECTORS

SHOWN = 12  # characters of a hash


def vector_size(tagger) -> int:
    """Return how many numbers the vectors have that a tagger reads; 0 if it reads none."""
    terms = tagger["terms"].vectorizers_ if isinstance(tagger, Pipeline) else {}
    return len(terms[VECTORS].vocabulary) if VECTORS in terms else 0


def needed(tagger, model: str, source: Vectors | None) -> Vectors | None:
    """Return the source of vectors, or None if the tagger reads none, which is reported.

    model: hash of the embedding model that the tagger has learnt with; empty if its vectors came
    from files. Raises UserError if the tagger needs others.
    """
    size = vector_size(tagger)
    if not size:
        if source:
            report_all([f"{source.name}: not read, this tagger does without vectors"])
        return None
    need = f"--vectors FILE, {size} numbers for each article, by the model of its training"
    if model:
        need = f"--embedding-model FOLDER with the model of hash {model[:SHOWN]}"
    if source is None:
        raise UserError(f"the tagger reads vectors: give {need}")
    if source.identity != model:
        hash_ = source.identity[:SHOWN]
        found = f"a model of hash {hash_}" if hash_ else "vectors of an unknown model"
        raise UserError(f"{source.name}: {found}; the tagger needs {need}")
    if not model and source.vectors.shape[1] != size:
        found = source.vectors.shape[1]
        raise UserError(f"{source.name}: vectors of {found} numbers; the tagger needs {need}")
    return source
