"""The items that readers of a store see, alike from every store."""

from collections.abc import Callable

import numpy as np

from recommender.lists import RECOMMENDATION
from store.protocol import Run

ArtistOf = Callable[[int], dict]  # {"name", "mbid"} of an artist's number


def user_item(
    run: Run,
    user_id: str | None,
    rule: str,
    neighbours: int,
    artists: list[dict],
    top_artists: list[dict],
) -> dict:
    """The item that readers see: every store returns just this."""
    return {
        "user_id": user_id,
        "rule": rule,
        "version": run.version,
        "generated_at": run.generated_at,
        "neighbours": neighbours,
        "artists": artists,
        "top_artists": top_artists,
    }


def recommended_artists(artist_of: ArtistOf, recommendations: np.ndarray) -> list[dict]:
    """The artists of `recommendations` with score and reasons, as readers see them."""
    return [
        artist_of(artist)
        | {
            "score": significant(score),
            "because": [
                artist_of(cause) | {"share": round(share, 4), "listeners": listeners}
                for cause, share, listeners in zip(*reasons, strict=True)
                if cause >= 0
            ],
        }
        for artist, score, *reasons in zip(
            *(recommendations[name].tolist() for name in RECOMMENDATION.names), strict=True
        )
    ]


def played_artists(artist_of: ArtistOf, top_artists: np.ndarray) -> list[dict]:
    """The artists of `top_artists` with their plays, as readers see them."""
    return [artist_of(artist) | {"plays": plays} for artist, plays in top_artists.tolist()]


def significant(number: float) -> float:
    """A float32's own digits, without the noise of its widening."""
    return float(f"{number:.6g}")
