"""Serve the published recommendations over HTTP, and at / a page for people.

    GET /users/ID/recommendations    ?limit=20&strict=1
    GET /new-user/recommendations    ?country=Poland&age=29&limit=20
    GET /healthz  /readyz  /metrics  /openapi.json

`python Q3b/api.py` serves by gunicorn (waitress on Windows); any other WSGI server may serve
`api:create_app()`. Settings are read from the environment: RECOMMENDER_STORE,
RECOMMENDER_API_KEY, RECOMMENDER_FRESH_HOURS, RECOMMENDER_CACHE_SECONDS.
"""

import argparse
import math
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from api_metrics import measure
from api_problems import describe_failures
from api_requests import guard
from api_routes import routes
from api_server import DEFAULT_SERVER, check_address, run_gunicorn, run_waitress
from command_line import ArgumentParser, OutsideError, UserError, command, whole_number
from flask import Flask
from listener_page import page
from recommendation_store import Store
from store_url import DEFAULT_STORE, default_store, open_store

DEFAULTS = {
    "STORE": DEFAULT_STORE,
    "API_KEY": "",  # empty: no key is asked for
    "FRESH_HOURS": 36,  # a daily job may be half a day late
    "CACHE_SECONDS": 60,  # how long a client may keep an answer without asking again
}


def create_app(config: Mapping | None = None) -> Flask:
    """The WSGI app; `config` (such as {"STORE": url}) goes before the environment.

    The store is opened but not read, so that the app starts while the store is down. Raises
    UserError for a wrong setting.
    """
    app = Flask(__name__)
    app.debug = False  # whatever FLASK_DEBUG says
    app.config.from_mapping(DEFAULTS)
    app.config.from_prefixed_env("RECOMMENDER", loads=str)
    app.config.from_mapping(config or {})
    for name in ("FRESH_HOURS", "CACHE_SECONDS"):
        app.config[name] = positive_number(name, app.config[name])
    app.url_map.merge_slashes = False  # a user id may hold slashes
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["store"] = open_store(app.config["STORE"])
    describe_failures(app)
    app.extensions["metrics"] = measure(app, lambda: generated_at(app.extensions["store"]))
    guard(app)
    app.register_blueprint(routes)
    app.register_blueprint(page)
    return app


def positive_number(name: str, value: float | str) -> float:
    """The number that a setting holds. Raises UserError if it holds none, or none above 0."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if 0 < number < math.inf:
        return number
    raise UserError(f"RECOMMENDER_{name} is {value!r}; it must be a number above 0")


def generated_at(opened: Store) -> float:
    """When the published set was generated, in epoch seconds; 0 if that cannot be told."""
    try:
        run = opened.current()
    except OutsideError:
        return 0
    return datetime.fromisoformat(run.generated_at).timestamp() if run else 0


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
