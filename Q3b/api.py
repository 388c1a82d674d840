#!/usr/bin/env python3
"""Serve the published recommendations over HTTP, and at / a page for people."""

from common.command import Command

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from job.log import LOG_FORMATS
from store.url import DEFAULT_STORE

if TYPE_CHECKING:
    from flask import Flask

EXAMPLES = """\b
examples:
  python Q3b/api.py --store sqlite:///recommendations.db --port 8000
  RECOMMENDER_API_KEY=... python Q3b/api.py --host 0.0.0.0 --index s3://BUCKET/PREFIX \\
      --store 'dynamodb://recommendations?region=eu-west-1'
"""


def create_app(config: Mapping | None = None) -> "Flask":
    """Return the WSGI app, for servers that load `api:create_app()`."""
    from web.app import create_app as create  # flask: the command loads it when it serves

    return create(config)


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--store",
    metavar="URL",
    default=DEFAULT_STORE,
    envvar="RECOMMENDER_STORE",
    show_envvar=True,
    help="Store to read: sqlite:///FILE, where a relative FILE is in the current folder, or "
    "dynamodb://TABLE?region=REGION.",
)
@click.option(
    "--index",
    metavar="PLACE",
    default="",
    show_default="next to an SQLite file: FILE.index",
    envvar="RECOMMENDER_INDEX",
    show_envvar=True,
    help="Where the daily job puts the indexes of the sets, by which the API recommends for any "
    "taste: a folder, or a bucket such as s3://BUCKET/PREFIX; none switches that off.",
)
@click.option(
    "--index-cache",
    metavar="FOLDER",
    default="",
    show_default="in the user's cache folder",
    envvar="RECOMMENDER_INDEX_CACHE",
    show_envvar=True,
    help="Folder that an index is copied to from a bucket, once for all workers.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    help="Address to listen on. One that other machines reach needs RECOMMENDER_API_KEY.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, help="Port to listen on.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    metavar="N",
    help="Processes of the server; Windows has one.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=4,
    metavar="N",
    help="Requests that each process answers at once; more wait.",
)
@click.option("--access-log", is_flag=True, help="Log each request on standard error.")
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="text",
    envvar="RECOMMENDER_LOG_FORMAT",
    show_envvar=True,
    help="Format of the log on standard error: json has one object a line, each request among "
    "them, with the X-Request-Id that the answer carries.",
)
@click.option(
    "--without-key",
    is_flag=True,
    help="Allow a --host that other machines reach to go without an API key.",
)
def main(
    store: str,
    index: str,
    index_cache: str,
    host: str,
    port: int,
    workers: int,
    threads: int,
    access_log: bool,
    log_format: str,
    without_key: bool,
):
    """Serve the published recommendations over HTTP, and at / a page for people.

    \b
      GET /users/ID/recommendations    ?limit=20&fallback=1
      GET /new-user/recommendations    ?country=Poland&age=29&limit=20
      POST /batch                      up to 1,000 users at once
      POST /recommendations            plays, likes, dislikes and blocks of anybody
      GET /items                       ?search=TEXT
      GET /items/ID/similar            what its listeners play as well
      GET, POST /users/ID/marks        what a user likes, dislikes and blocks
      GET /healthz  /readyz  /metrics  /openapi.json

    The command runs granian; any other WSGI server may serve `api:create_app()`. Further settings
    are read from the environment alone:

    \b
      RECOMMENDER_API_KEY         key that requests must carry, as a bearer token
      RECOMMENDER_MARKS           URL of the app's PostgreSQL, to keep marks in
      RECOMMENDER_FRESH_HOURS     age of a set from which /readyz answers 503; 36
      RECOMMENDER_CACHE_SECONDS   how long clients may keep an answer; 60
      RECOMMENDER_ALLOW_ORIGIN    sites whose pages may read answers, or *
      RECOMMENDER_SHOW_EXAMPLES   1: the page offers ids of some users
    """
    from web.server import check_address, counting_together, serve

    os.environ["RECOMMENDER_STORE"] = store
    os.environ["RECOMMENDER_INDEX"] = index
    os.environ["RECOMMENDER_INDEX_CACHE"] = index_cache
    os.environ["RECOMMENDER_LOG_FORMAT"] = log_format
    with counting_together():
        guarded = bool(create_app().config["API_KEY"])  # checks the settings before a server starts
        address = check_address(host, port, guarded or without_key)
        serve(address, port, workers, threads, access_log, log_format == "json")


if __name__ == "__main__":
    sys.exit(main())
