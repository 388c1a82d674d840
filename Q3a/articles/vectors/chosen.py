"""The vectors that the options of the command name."""

from collections.abc import Sequence
from pathlib import Path

from articles.vectors.source import Vectors


def chosen_vectors(files: Sequence[Path], folder: Path | None) -> Vectors | None:
    """Return what --vectors or --embedding-model names; None if neither is given."""
    if files:
        from articles.vectors.files import VectorFiles

        return VectorFiles(files)
    if folder:
        from articles.vectors.embedding import EmbeddingModel

        return EmbeddingModel(folder)
    return None
