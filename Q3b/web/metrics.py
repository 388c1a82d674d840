"""The API's figures for Prometheus: requests, seconds, rules, the published set.

Several worker processes are counted together through files, if PROMETHEUS_MULTIPROC_DIR names a
folder before this module is imported (`web/server.py` does so).
"""

import os
import time
from collections.abc import Callable
from datetime import datetime
from functools import cache

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from store.protocol import Run

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The figures of one app, in a registry of their own."""

    def __init__(self):
        registry = self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "recommender_request_seconds",
            "Seconds to answer a request.",
            ["route", "status"],
            buckets=SECONDS,
            registry=registry,
        )
        self.answers = Counter(
            "recommender_answers",
            "Lists of items served, by the rule behind them.",
            ["rule"],
            registry=registry,
        )
        self.generated = Gauge(
            "recommender_set_generated_timestamp_seconds",
            "When the published set was generated; 0 if there is none or the store is down.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.users = Gauge(
            "recommender_set_users",
            "Users of the published set; 0 if there is none or the store is down.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.recall = Gauge(
            "recommender_set_recall",
            "Recall of the published set on held-out plays; 0 if it is unknown.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )

        # Looking labels up takes longer than counting.
        self._seconds_of = cache(self.seconds.labels)
        self._answers_by = cache(self.answers.labels)

    def show_set(self, run: Run | None) -> None:
        """Set the figures of the published set; all are 0 if there is none."""
        self.generated.set(datetime.fromisoformat(run.generated_at).timestamp() if run else 0)
        self.users.set(run.users if run else 0)
        measures = run.report.get("metrics", {}) if run else {}
        recalls = [value for name, value in measures.items() if name.startswith("recall@")]
        self.recall.set(recalls[0] if recalls else 0)

    def count_request(self, route: str, status: int | str, seconds: float) -> None:
        """Count a request by its route and status, and how long its answer took."""
        self._seconds_of(route, status).observe(seconds)

    def count_list(self, rule: str) -> None:
        """Count a list of items by the rule behind it."""
        self._answers_by(rule).inc()

    def text(self) -> bytes:
        """All figures in Prometheus' text format, of every worker process."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)
        return generate_latest(together)


def measure(app: Flask, current: Callable[[], Run | None]) -> Metrics:
    """Count and time the requests of `app` and serve the figures at `/metrics`.

    current: returns the published run, or None if there is none.
    """
    metrics = Metrics()

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        metrics.count_request(route, response.status_code, time.perf_counter() - g.started)
        return response

    @app.get("/metrics")
    def show_metrics() -> Response:
        metrics.show_set(current())
        return Response(metrics.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return metrics
