"""The generated sample: same seed, same files; its layout, shape and oddities are the real ones."""

import numpy as np
import pytest

from generate_listeners import main
from listening.lastfm import PLAYS_FILE, PROFILE_FILE, read_lastfm
from listening.sample.files import NO_PROFILE, mbid_of, name_of, write_listeners
from listening.sample.listeners import Scenes, generated_play_counts
from tests.conftest import run_here


def test_what_is_written_is_read_back_as_drawn(tmp_path):
    write_listeners(tmp_path, users=400, artists=300, seed=5)
    read, dropped = read_lastfm(tmp_path)
    drawn = generated_play_counts(users=400, artists=300, seed=5)
    assert read.users.tolist() == [*drawn.users, NO_PROFILE]
    assert read.matrix.nnz == drawn.matrix.nnz + 1
    assert np.array_equal(read.matrix[:-1].sum(axis=1), drawn.matrix.sum(axis=1))
    assert read.profiles["country"].tolist()[:-1] == drawn.profiles["country"].tolist()
    assert read.profiles["signup"].tolist()[:-1] == drawn.profiles["signup"].tolist()
    assert read.profiles["age"][:-1].equals(drawn.profiles["age"])
    assert dropped["plays: user id is not a sha1"] == 1
    assert dropped["plays: count is not above zero"] == 1


def test_one_seed_gives_one_sample_and_another_another(tmp_path):
    for folder, seed in [("one", 1), ("again", 1), ("other", 2)]:
        write_listeners(tmp_path / folder, users=50, artists=40, seed=seed)
    for name in (PLAYS_FILE, PROFILE_FILE):
        one, again, other = (
            (tmp_path / folder / name).read_bytes() for folder in ("one", "again", "other")
        )
        assert one == again != other


def test_names_and_mbids_are_unique_and_the_rare_artists_have_no_mbid():
    artists = 20_000
    mbids = [mbid_of(artist, artists) for artist in range(artists)]
    assert len({name_of(artist) for artist in range(artists)}) == artists
    assert len(set(mbids) - {""}) == sum(map(bool, mbids)) == round(artists * 0.63)
    assert not any(mbids[-100:])


def test_shape_is_that_of_the_real_data():
    drawn = generated_play_counts(users=4000, artists=3000)
    lengths = np.diff(drawn.matrix.indptr)
    assert 46 < lengths.mean() < 52
    assert lengths.min() >= 1
    listeners = np.sort(np.bincount(drawn.matrix.indices))[::-1]
    assert 0.1 < listeners[0] / 4000 < 0.3, "the most popular artist"
    assert listeners[:30].mean() > 10 * np.median(listeners), "a long tail"
    assert 0.15 < (drawn.profiles["country"] == "United States").mean() < 0.22
    assert 0.18 < drawn.profiles["age"].isna().mean() < 0.24
    assert 0.20 < (drawn.profiles["gender"] == "f").mean() < 0.27


def test_artists_are_popular_by_a_shifted_power_law():
    """Artist r, from 1, is drawn as (r + 30) ** -0.9: the 31st half as often as the first."""
    scenes = Scenes(np.random.default_rng(1), artists=1000)
    likely = np.empty(1000)
    likely[scenes.order] = np.diff(scenes.ends, prepend=0)
    assert likely[30] / likely[0] == pytest.approx((61 / 31) ** -0.9)
    assert likely[999] / likely[0] == pytest.approx((1030 / 31) ** -0.9)


def test_listeners_of_one_country_share_their_taste():
    drawn = generated_play_counts(users=2000, artists=1000)
    heard = drawn.matrix.toarray() > 0
    country = drawn.profiles["country"].to_numpy()
    germans, others = heard[country == "Germany"] * 1.0, heard[country == "United States"] * 1.0
    first_half, second_half = np.array_split(germans, 2)
    shared_at_home = (first_half @ second_half.T).mean()
    assert shared_at_home > 1.1 * (germans @ others.T).mean()


def test_the_command_names_the_files_it_wrote(tmp_path, capsys):
    assert main(["--users", "20", "--artists", "30", "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / name) for name in (PLAYS_FILE, PROFILE_FILE)
    ]


def test_an_interrupt_leaves_neither_file(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("listening.sample.files.write_plays", interrupted)
    finished = run_here(main, "--users", 20, "--artists", 30, "--output", tmp_path)
    assert finished == (130, "", "generate_listeners.py: interrupted\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--users", "--artists"])
def test_nobody_and_nothing_are_errors(tmp_path, capsys, option):
    assert main([option, "0", "--output", str(tmp_path)]) == 2
    assert "1<=x" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
