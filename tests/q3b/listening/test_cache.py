"""A large file is read once: its clean plays come back from the cache as they were read."""

from common.command import UserError

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from listening import cache as plays_cache
from listening import lastfm as lastfm_files
from listening.lastfm import PLAYS_FILE, is_official, read_lastfm, read_plays
from listening.plays import read_own_plays
from listening.sample.files import write_listeners


@pytest.fixture
def plays_file(tmp_path, monkeypatch):
    """A file that is large enough to be kept, in a folder of its own; caches go to another."""
    monkeypatch.setattr(plays_cache, "LARGE", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_listeners(tmp_path / "data", users=60, artists=50, seed=3)
    return tmp_path / "data" / PLAYS_FILE


@pytest.fixture
def no_reading(monkeypatch):
    """Make reading the text itself fail, so that only the cache can answer."""

    def refuse(*_, **__):
        raise AssertionError("the text was read again")

    return lambda: monkeypatch.setattr(lastfm_files, "read_columns", refuse)


def assert_same(one, other) -> None:
    for name in ("users", "artists", "artist_names"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    for name in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(one.matrix, name), getattr(other.matrix, name))


def test_the_cache_holds_what_was_read(plays_file, no_reading):
    plays, dropped = read_plays(plays_file)
    no_reading()
    again, dropped_again = read_plays(plays_file)
    assert_same(plays, again)
    assert dropped == dropped_again
    assert dropped.counts["plays: user id is not a sha1"] == 1
    lines = plays_file.read_text(encoding="utf-8").splitlines()
    assert lines[dropped.first["plays: user id is not a sha1"] - 1].startswith("sep 20, 2008")


def test_nothing_is_written_beside_the_data(plays_file, tmp_path):
    before = sorted(plays_file.parent.iterdir())
    read_plays(plays_file)
    assert sorted(plays_file.parent.iterdir()) == before
    assert plays_cache.cache_of(plays_file).is_relative_to(tmp_path / "cache")
    assert plays_cache.cache_of(plays_file).exists()


def test_files_of_one_name_in_two_folders_have_caches_of_their_own(plays_file, tmp_path):
    other, _ = write_listeners(tmp_path / "other", users=50, artists=40, seed=4)
    plays, _ = read_plays(plays_file)
    others, _ = read_plays(other)
    assert_same(plays, read_plays(plays_file)[0])
    assert_same(others, read_plays(other)[0])


def test_one_file_by_two_paths_has_one_cache(plays_file, monkeypatch):
    monkeypatch.chdir(plays_file.parent)
    assert plays_cache.cache_of(Path(plays_file.name)) == plays_cache.cache_of(plays_file)


def test_a_bad_row_stops_also_a_reader_of_the_cache(plays_file, no_reading):
    read_plays(plays_file)
    no_reading()
    with pytest.raises(UserError, match=r"plays\.tsv:\d+: user id is not a sha1; fix the row"):
        read_plays(plays_file, on_bad_row="stop")


def test_a_folder_that_cannot_be_written_costs_the_cache_and_nothing_else(
    plays_file, tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert read_plays(plays_file)[0].matrix.nnz > 0


def test_order_of_the_rows_does_not_matter(plays_file):
    plays, _ = read_plays(plays_file)
    lines = plays_file.read_text(encoding="utf-8").splitlines(keepends=True)
    plays_file.write_text("".join(reversed(lines)), encoding="utf-8")
    assert_same(plays, read_plays(plays_file)[0])


def test_a_changed_file_is_read_again(plays_file):
    read_plays(plays_file)
    with plays_file.open("a", encoding="utf-8") as file:
        file.write("a" * 40 + "\t\tnewcomer\t3\n")
    assert "newcomer" in read_plays(plays_file)[0].artists


def test_a_file_of_the_same_size_and_another_time_is_read_again(plays_file):
    read_plays(plays_file)
    text = plays_file.read_text(encoding="utf-8")
    plays_file.write_text(text.replace("silent", "louder"), encoding="utf-8")
    os.utime(plays_file, (1, 1))
    assert "louder night" in read_plays(plays_file)[0].artists


@pytest.mark.parametrize("content", [b"", b"not a Parquet file"])
def test_a_broken_cache_is_made_anew(plays_file, content):
    plays, _ = read_plays(plays_file)
    cache = plays_cache.cache_of(plays_file)
    cache.write_bytes(content)
    assert_same(plays, read_plays(plays_file)[0])
    assert parquet.read_table(cache).num_rows == plays.matrix.nnz


def test_a_small_file_is_not_cached(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_listeners(tmp_path, users=20, artists=30, seed=3)
    read_lastfm(tmp_path)
    assert not plays_cache.cache_of(tmp_path / PLAYS_FILE).exists()


def test_a_full_disk_costs_the_cache_and_nothing_else(plays_file, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(plays_cache.parquet, "write_table", full)
    plays, _ = read_plays(plays_file)
    assert plays.matrix.nnz > 0
    assert not list(plays_cache.cache_of(plays_file).parent.iterdir())


def test_the_cache_is_a_table_that_the_daily_job_reads(plays_file):
    plays, _ = read_plays(plays_file)
    assert_same(plays, read_own_plays(plays_cache.cache_of(plays_file))[0])


def test_a_file_is_official_by_its_md5_with_and_without_cache(plays_file, monkeypatch):
    assert not is_official(plays_file)
    md5 = lastfm_files.check_text(plays_file)
    monkeypatch.setitem(lastfm_files.OFFICIAL_MD5, PLAYS_FILE, md5)
    assert is_official(plays_file)
    read_plays(plays_file)
    monkeypatch.setattr(lastfm_files, "check_text", lambda _: "hashed again")
    assert is_official(plays_file)


def test_real_excerpt_is_not_the_whole_official_file(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    excerpt = (
        real_data / "q3b" / "lastfm-360k-excerpt" / "usersha1-artmbid-artname-plays-28-rows.tsv"
    )
    copy = shutil.copy(excerpt, tmp_path / PLAYS_FILE)
    read_plays(copy)
    assert not is_official(copy)
    assert list(tmp_path.iterdir()) == [copy], "so small a file is not kept"
