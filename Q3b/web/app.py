"""The WSGI app: its settings, its store and its routes."""

from common.command import OutsideError, UserError

import math
from collections.abc import Mapping

from flask import Flask

from store.protocol import Run, Store
from store.url import DEFAULT_STORE, open_store
from taste.place import place_of
from taste.ready import ReadyIndex
from web.arguments import LARGEST_BODY, guard
from web.batch import batch
from web.encoding import encode_bodies
from web.front import Front
from web.last_good import LastGood
from web.log import log_as_json
from web.marks import marks
from web.metrics import measure
from web.origins import allow_origins
from web.page import page
from web.problems import describe_failures
from web.routes import routes
from web.taste import taste

DEFAULTS = {
    "STORE": DEFAULT_STORE,
    "INDEX": "",  # empty: next to a store in a file; none: no index
    "INDEX_CACHE": "",  # empty: in the user's cache folder
    "MARKS": "",  # URL of the app's PostgreSQL, to keep marks in; empty: they are not kept
    "API_KEY": "",  # empty: no key is asked for
    "FRESH_HOURS": 36,  # a daily job may be half a day late
    "CACHE_SECONDS": 60,  # how long a client may keep an answer without asking again
    "SHOW_EXAMPLES": "",  # 1: the page offers ids of some users, for a set that may be shown
    "ALLOW_ORIGIN": "",  # sites whose pages may read the answers in a browser, or *
    "LOG_FORMAT": "text",  # or json
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
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY  # of a body without a length, too
    app.url_map.merge_slashes = False  # a user id may hold slashes
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["store"] = LastGood(open_store(app.config["STORE"]))
    place = place_of(*(app.config[name] for name in ("INDEX", "STORE", "INDEX_CACHE")))
    app.extensions["index"] = ReadyIndex(place, app.extensions["store"])
    describe_failures(app)
    app.extensions["metrics"] = measure(app, lambda: published(app.extensions["store"]))
    guard(app)
    allow_origins(app)
    encode_bodies(app)
    app.register_blueprint(routes)
    app.register_blueprint(batch)
    app.register_blueprint(taste)
    app.register_blueprint(marks)
    app.register_blueprint(page)
    app.wsgi_app = Front(app)
    if app.config["LOG_FORMAT"] == "json":
        log_as_json(app)
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


def published(opened: Store) -> Run | None:
    """The published run, or None if there is none or the store is down."""
    try:
        return opened.current()
    except OutsideError:
        return None
