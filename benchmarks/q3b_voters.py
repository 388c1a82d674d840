"""Q3b where not all users vote: what a sample of voters costs in recall and nDCG.

\b
    python benchmarks/q3b_voters.py --data hetrec FOLDER --data ml-100k FOLDER
    python benchmarks/q3b_voters.py --users 60000 --artists 155424

A fifth of each user's artists is held out. The daily job's settings are chosen on the rest, as the
job does; then all users vote, a half, a quarter and a tenth of them, drawn. The lists of the same
users are compared with what was held out. Without --data users and plays are drawn from a seed.
No peer is measured: the comparison is with the vote of all.
"""

import sys
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

from common.command import Command

from evaluation.data import DataSet, read_data_sets
from evaluation.fold import drawn
from evaluation.metrics import recall_and_ndcg
from evaluation.names import DATA_SETS
from evaluation.splits import split, usable
from job.fold import SAMPLE, held_out
from job.settings import RunSettings
from listening.play_counts import PlayCounts
from listening.sample.listeners import generated_play_counts
from recommender import damped_vote
from recommender.damped_vote import joined
from recommender.votes import slices

SHARES = (1.0, 0.5, 0.25, 0.1)  # of the users, who vote
TOP = 20


def measure(plays: PlayCounts, seed: int, number: int) -> list[list[float]]:
    """Recall and nDCG by each of SHARES, of the same users, SAMPLE at most, on one split."""
    parts, users = split(plays.matrix, seed, number), len(plays.users)
    listed = drawn(users, SAMPLE, seed)
    shown = PlayCounts(plays.users, plays.artists, plays.artist_names, parts.train, plays.profiles)
    settings = held_out(shown.select_users(listed), RunSettings(seed=seed)).settings
    figures = []
    for share in SHARES:
        voters = parts.train[drawn(users, round(share * users), seed)]
        model = damped_vote.fit(voters, settings)
        own = model.compared.of(parts.train[listed])
        found = [model.best_of(own[rows], TOP) for rows in slices(len(listed))]
        measures = recall_and_ndcg(joined(found, own.shape), parts.test[listed], TOP)
        figures.append(list(measures.values()))
    return figures


def print_data(data: DataSet, splits: int, seed: int) -> None:
    """Print the mean recall and nDCG of the splits by each of SHARES."""
    numbers = tqdm(range(1, splits + 1), desc=data.name, unit="split", disable=None)
    means = np.mean([measure(data.plays, seed, number) for number in numbers], axis=0)
    users = len(data.plays.users)
    for share, (recall, ndcg) in zip(SHARES, means, strict=True):
        voters = round(share * users)
        print(f"{data.name:<12}{users:>9,}{voters:>9,}{recall:>9.4f}{ndcg:>9.4f}", flush=True)


@click.command(cls=Command, help=__doc__)
@click.option(
    "--data",
    type=(click.Choice(DATA_SETS), click.Path(path_type=Path)),
    multiple=True,
    metavar="NAME PATH",
    help="Data set, and the folder of its files; give the option again for each.",
)
@click.option("--users", type=click.IntRange(100), default=2_000, help="Users to draw.")
@click.option("--artists", type=click.IntRange(100), default=1_000, help="Artists to draw.")
@click.option("--splits", type=click.IntRange(1), default=1, help="Splits to take the mean of.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Seed of users, splits and voters.")
def main(data: tuple, users: int, artists: int, splits: int, seed: int) -> None:
    """Measure each data set, or the drawn users, and print a line for each number of voters."""
    sets = read_data_sets(data, seed) if data else []
    if not data:
        sets = [DataSet("drawn", usable(generated_play_counts(users, artists, seed)))]
    print(f"{'data':<12}{'users':>9}{'voters':>9}{'recall':>9}{'nDCG':>9}")
    for one in sets:
        print_data(one, splits, seed)


if __name__ == "__main__":
    sys.exit(main())
