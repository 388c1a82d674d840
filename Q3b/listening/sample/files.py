"""Drawn listeners as files in the very layout of the Last.fm 360K data set.

They have the oddities of the real ones: ages from -1337 to 1002, stray quotes, artists named "NA",
artists without an MBID or spelt in two ways, rows with a date for a user id, a count of 0.
"""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from common.output import replacing
from listening.constants import ARTISTS, PLAYS_FILE, PROFILE_FILE, SEED, USERS
from listening.lastfm import SIGNUP_FORMAT
from listening.sample.listeners import Plays, draw_plays, draw_profiles

NO_MBID = 0.37  # share of the artists; they are the least popular
VARIANT_EVERY = 20  # artists with an MBID: one of them has a second spelling in a quarter of rows
ODD_NAMES = ["NA", "null", "nan", "None", "n/a", "12", '"quoted', 'the 12" mix', "#1", "Ölçü"]
NO_PROFILE = "f" * 40  # a listener of whom there are plays only
ODD_ROWS = (
    "sep 20, 2008\t7ffd711a-0000-4000-8000-25e045c246da\tlate nights\t12\n"
    f"{NO_PROFILE}\t\tsilence\t0\n"
    f"{NO_PROFILE}\t\tsilent night\t7\n"
    f"{NO_PROFILE}\t\tsilent night\t5\n"
)
SYLLABLES = [consonant + vowel for consonant in "bdfklmnrstvz" for vowel in "aeiou"]
ROWS_AT_A_TIME = 500_000


def write_listeners(
    folder: Path, users: int = USERS, artists: int = ARTISTS, seed: int = SEED
) -> tuple[Path, Path]:
    """Write the plays and the profile file into `folder`, both or neither; return their paths."""
    plays_file, profile_file = Path(folder) / PLAYS_FILE, Path(folder) / PROFILE_FILE
    profiles = draw_profiles(users, seed)
    plays = draw_plays(profiles["country"], artists, seed)
    plays_file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(plays_file) as new_plays, replacing(profile_file) as new_profiles:
        write_profiles(new_profiles, profiles)
        write_plays(new_plays, profiles["user"].to_numpy(), plays, artists)
    return plays_file, profile_file


def write_profiles(path: Path, profiles: pd.DataFrame) -> None:
    """Write one line per listener; a missing age is empty."""
    text = profiles.assign(
        age=profiles["age"].map(lambda age: "" if np.isnan(age) else f"{age:.0f}"),
        signup=profiles["signup"].dt.strftime(SIGNUP_FORMAT).str.replace(" 0", " "),
    )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines("\t".join(row) + "\n" for row in text.itertuples(index=False))


def write_plays(path: Path, users: np.ndarray, plays: Plays, artists: int) -> None:
    """Write one line per pair, then the rows that a reader has to leave out."""
    spelling = [f"{mbid_of(artist, artists)}\t{name_of(artist)}" for artist in range(artists)]
    variants = [second_spelling(artist, text) for artist, text in enumerate(spelling)]
    starts = range(0, len(plays.counts), ROWS_AT_A_TIME)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for start in tqdm(starts, "writing plays", disable=None):
            rows = slice(start, start + ROWS_AT_A_TIME)
            columns = (plays.listeners[rows], plays.artists[rows], plays.counts[rows])
            file.writelines(
                f"{users[user]}\t{(spelling if user % 4 else variants)[artist]}\t{count}\n"
                for user, artist, count in zip(*map(np.ndarray.tolist, columns), strict=True)
            )
        file.write(ODD_ROWS)


def second_spelling(artist: int, text: str) -> str:
    """The MBID and name as some listeners' rows have them; for most artists the same."""
    varies = artist % VARIANT_EVERY == 7 and not text.startswith("\t")
    return text.replace(" ", " the ", 1) if varies else text


def mbid_of(artist: int, artists: int) -> str:
    """The artist's MBID, a UUID; empty for the least popular artists."""
    if artist >= artists * (1 - NO_MBID):
        return ""
    digits = hashlib.sha256(str(artist).encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def name_of(artist: int) -> str:
    """A name of two words that no other artist has; for a few an odd one."""
    if artist % 97 == 50 and artist // 97 < len(ODD_NAMES):
        return ODD_NAMES[artist // 97]
    base = len(SYLLABLES)
    number = artist * 1_000_003 % base**4  # spreads neighbours; coprime to the base: no repeats
    first, second, third, fourth = (SYLLABLES[number // base**place % base] for place in range(4))
    return f"{first}{second} {third}{fourth}"
