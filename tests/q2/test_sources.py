"""Q2's sources: files, folders, globs and buckets, each file once."""

import os
import shutil
import socket

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from logs.sources import find_sources
from tests.conftest import assert_one_line_error
from tests.q2.conftest import FIXTURES, ask, run

LOGS = ("plain.tsv", "combined.log", "cloudfront-26-fields.log")


@pytest.fixture
def folder(tmp_path):
    """Three logs in a folder, one of them deeper, and a hidden file."""
    (tmp_path / "logs" / "older").mkdir(parents=True)
    for name, place in zip(LOGS, ("", "", "older"), strict=True):
        shutil.copy(FIXTURES / name, tmp_path / "logs" / place / name)
    (tmp_path / "logs" / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "logs" / "rotated-just-now.log").write_bytes(b"")
    return tmp_path / "logs"


def test_a_folder_is_all_files_below_it(folder):
    assert ask(folder)["rows_read"] == 24


def test_a_glob(folder):
    assert ask(folder / "*.tsv")["rows_read"] == 8
    assert ask(folder / "**" / "*.log")["rows_read"] == 16
    assert ask(folder / "*")["rows_read"] == 24  # a folder that it matches is all files below it


def test_hidden_files_of_folders_and_globs_are_left_out(folder):
    for place in (folder, folder / ".hidden"):
        place.mkdir(exist_ok=True)
        shutil.copy(FIXTURES / "plain.tsv", place / ".upload.tsv")
    shutil.copy(FIXTURES / "plain.tsv", folder / ".hidden" / "seen.tsv")
    for name in (folder / "**" / "*.tsv", folder / "*.tsv"):
        assert ask(name)["rows_read"] == 8
    assert ask(folder)["rows_read"] == 24
    assert ask(folder / ".upload.tsv")["rows_read"] == 8  # unless they are named


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_links_that_lead_back_are_no_way_round(folder):
    for name in ("back", "again"):
        (folder / "older" / name).symlink_to(folder, target_is_directory=True)
    assert ask(folder / "**" / "*.log")["rows_read"] == 16
    assert ask(folder)["rows_read"] == 24


def test_an_empty_name_is_no_folder():
    assert_one_line_error(run(""), 2, "an empty name")


def test_nobody_answers_at_an_address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.log"
        assert_one_line_error(run(address), 1, address)


def test_a_file_named_twice_counts_once(folder, monkeypatch):
    assert ask(folder, folder / "plain.tsv", folder / "*.tsv")["rows_read"] == 24
    monkeypatch.chdir(folder)
    assert ask("plain.tsv", "./plain.tsv", folder / "plain.tsv")["rows_read"] == 8


def test_a_file_whose_name_looks_like_a_glob(tmp_path):
    shutil.copy(FIXTURES / "plain.tsv", tmp_path / "log[1].tsv")
    assert ask(tmp_path / "log[1].tsv")["rows_read"] == 8


def test_a_closed_standard_input_is_one_line(monkeypatch):
    """As `script - <&-` starts it."""
    monkeypatch.setattr("sys.stdin", None)
    assert_one_line_error(run("-"), 2, "standard input is closed")


def test_empty_logs_alone_are_one_line(folder):
    for file in folder.rglob("*.*"):
        file.write_bytes(b"")
    assert_one_line_error(run(folder), 2, "empty")
    assert_one_line_error(run(folder / "older" / "*.gz"), 2, "no files there")


@pytest.fixture(scope="module")
def bucket():
    """The address of a folder in an S3 bucket that a server on this machine keeps."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="cdn")
        for name in LOGS:
            s3.upload_file(str(FIXTURES / name), "cdn", f"logs/{name}")
        yield "s3://cdn/logs"
    server.stop()


def test_logs_in_a_bucket(bucket):
    assert ask(f"{bucket}/plain.tsv")["bytes"] == 11111
    assert ask(bucket)["rows_read"] == 24
    answer = ask(f"{bucket}/*.log", "--by", "url", "--top", "1")
    assert answer["rows_read"] == 16
    assert answer["groups"][0]["url"] == "/a.jpg"
    assert [source.name for source in find_sources([f"{bucket}/*.tsv"])] == [f"{bucket}/plain.tsv"]


def test_a_glob_of_folders_in_a_bucket_stands_for_their_files(bucket):
    assert ask("s3://cdn/l*")["rows_read"] == 24
    by_glob, by_folder = (find_sources([it]) for it in ("s3://cdn/*", bucket))
    assert [(it.name, it.size) for it in by_glob] == [(it.name, it.size) for it in by_folder]


def test_a_bucket_without_credentials(bucket, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nowhere")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    assert_one_line_error(run(bucket), 1, bucket, "AWS_PROFILE", "AWS_ACCESS_KEY_ID")
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_a_bucket_that_is_not_there(bucket):
    assert_one_line_error(run("s3://cdn/other/"), 2, "s3://cdn/other/: no files there; name")
    assert_one_line_error(run(f"{bucket}/no-such.tsv"), 2, f"{bucket}/no-such.tsv")
    assert_one_line_error(run(f"{bucket}/*.none"), 2, f"{bucket}/*.none: no files there")
    assert_one_line_error(run("s3://no-such-bucket/a.tsv"), 2, "s3://no-such-bucket/a.tsv")


def test_a_bucket_whose_server_is_down(bucket, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        finished = run("s3://cdn/logs/plain.tsv")
        assert_one_line_error(finished, 1, "s3://cdn/logs/plain.tsv", "check the network")
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_an_address_of_an_unknown_kind():
    assert_one_line_error(run("nosuch://a/b"), 2, "nosuch://a/b", "nosuch")


def test_logs_in_memory():
    with fsspec.open("memory://q2/log.tsv", "wb") as file:
        file.write((FIXTURES / "plain.tsv").read_bytes())
    assert ask("memory://q2")["bytes"] == 11111
