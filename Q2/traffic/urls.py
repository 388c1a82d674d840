"""Totals by URL, of which there may be more than memory holds: DuckDB keeps them in a file."""

import tempfile
from pathlib import Path

import pandas as pd

MEMORY = "128MB"  # beyond it, DuckDB spills into its folder


class UrlTotals:
    """Requests and bytes by URL, added up part by part; a context manager removes the file."""

    def __enter__(self) -> "UrlTotals":
        import duckdb  # takes time to load, and only this grouping needs it

        self.folder = tempfile.TemporaryDirectory(prefix="q2-urls-", ignore_cleanup_errors=True)
        folder = Path(self.folder.name)
        settings = {"memory_limit": MEMORY, "temp_directory": str(folder)}
        self.database = duckdb.connect(str(folder / "urls.duckdb"), config=settings)
        self.database.execute("CREATE TABLE parts (url VARCHAR, requests BIGINT, bytes BIGINT)")
        return self

    def __exit__(self, *exception: object) -> None:
        self.database.close()
        self.folder.cleanup()

    def add(self, part: pd.DataFrame) -> None:
        """Add the columns url, requests and bytes of a part of the log."""
        self.database.register("part", part)
        self.database.execute("INSERT INTO parts SELECT url, requests, bytes FROM part")
        self.database.unregister("part")

    def table(self, order: str, top: int | None) -> tuple[pd.DataFrame, int]:
        """The `top` URLs with most bytes or requests, as `order` says, and how many there are."""
        self.database.execute(
            "CREATE OR REPLACE TABLE totals AS SELECT url, sum(requests)::BIGINT AS requests, "
            "sum(bytes)::BIGINT AS bytes FROM parts GROUP BY url"
        )
        totals = self.database.table("totals")
        ranked = totals.order(f"{order} DESC, url")
        return (ranked if top is None else ranked.limit(top)).df(), len(totals)
