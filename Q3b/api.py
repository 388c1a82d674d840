"""Serve the published recommendations over HTTP, and at / a page for people.

    GET /users/ID/recommendations    ?limit=20&strict=1
    GET /new-user/recommendations    ?country=Poland&age=29&limit=20
    GET /healthz  /readyz  /metrics  /openapi.json

`python Q3b/api.py` serves by gunicorn (waitress on Windows); any other WSGI server may serve
`api:create_app()`. Settings are read from the environment: RECOMMENDER_STORE,
RECOMMENDER_API_KEY, RECOMMENDER_FRESH_HOURS, RECOMMENDER_CACHE_SECONDS.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial

from common.command_line import ArgumentParser, command, whole_number
from store.url import default_store
from web.app import create_app
from web.server import DEFAULT_SERVER, check_address, run_gunicorn, run_waitress


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; settings not named there are taken from the environment."""
    parser = ArgumentParser(
        description=__doc__,
        epilog="example:\n  python Q3b/api.py --store sqlite:///Q3b/recommendations.db --port 8000",
    )
    parser.add_argument("--store", metavar="URL", default=default_store(), help="the store to read")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    port, few, some = whole_number(1, 65535), whole_number(1, 64), whole_number(1, 256)
    parser.add_argument("--port", type=port, default=8000, help="port to listen on")
    servers = ("gunicorn", "waitress")
    parser.add_argument("--server", choices=servers, default=DEFAULT_SERVER, help="what serves")
    add = partial(parser.add_argument, metavar="N")
    add("--workers", type=few, default=2, help="processes of gunicorn, at most 64")
    add("--threads", type=some, default=4, help="threads of each process, at most 256")
    parser.add_argument("--access-log", action="store_true", help="let gunicorn log each request")
    parser.add_argument(
        "--without-key", action="store_true", help="allow an open --host without an API key"
    )
    return parser.parse_args(argv)


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    options = parse(argv)
    os.environ["RECOMMENDER_STORE"] = options.store
    app = create_app()  # checks the settings before a server starts
    guarded = bool(app.config["API_KEY"]) or options.without_key
    check_address(options.host, options.port, guarded)
    if options.server == "waitress":
        run_waitress(app, options)
    else:
        run_gunicorn(options)


if __name__ == "__main__":
    sys.exit(main())
