"""Whether DuckDB finds the answer that PostgreSQL has found, in the events as they are stored."""

from common.command import OutsideError

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection
from psycopg2.extensions import connection as Connection

from check.activity import compare_activity
from check.clocks import first_moment_of_other_rules, present_moment
from check.comparison import Difference, compare_count, compare_triangle, compare_users
from check.files import read_files
from check.originals import originals, standard_input_kept
from check.statements import NAMES, database, first_line, run
from check.table import read_table

WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def in_capitals(time_format: str) -> str:
    """The format of strptime with its literal letters, those that no % precedes, in capitals."""
    return re.sub(r"(%.)|([^%]+)", lambda part: part[1] or part[2].upper(), time_format)


@contextmanager
def second_reading(
    options: SimpleNamespace, sample: Callable[[], bytes], is_about_activity: bool = False
) -> Iterator["SecondReading"]:
    """Yield what checks an answer to `options`, those of `sql.py`; it begins before they are read.

    sample: makes the events, as CSV, that are counted where no file and no table is named.
    is_about_activity: whether the options ask for what `activity` has compared, and not for the
    plain triangle or the users of one day.
    """
    with ExitStack() as stack:
        name = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="q1-check-", ignore_cleanup_errors=True)
        )
        folder = Path(name)
        if "-" in options.events:
            stack.enter_context(standard_input_kept(folder / "stdin"))
        yield SecondReading(options, sample, folder, is_about_activity)


@dataclass
class SecondReading:
    """Events that are read again by DuckDB; `folder` is for copies of them."""

    options: SimpleNamespace
    sample: Callable[[], bytes]
    folder: Path
    is_about_activity: bool
    whole_days: bool = False  # times are dates

    def check(self, connection: Connection, record: dict[str, Any]) -> str:
        """Return a line that says what DuckDB finds as well; `record` is the answer as in JSON.

        Raises `OutsideError` that names the first difference, and `UserError` for events that
        DuckDB cannot read.
        """
        try:
            with database(self.folder) as duck:
                self.read_events(duck, connection)
                try:
                    return f"check: DuckDB finds the same {self.compare(duck, record)}"
                except Difference as difference:
                    raise self.reported(difference, duck, connection) from None
        except duckdb.Error as error:
            raise OutsideError(f"--check: DuckDB: {first_line(error)}") from None
        except RuntimeError as error:
            if str(error) != "Query interrupted":  # what becomes of Ctrl-C
                raise
            raise KeyboardInterrupt from None

    def read_events(self, duck: DuckDBPyConnection, connection: Connection) -> None:
        """Read what the options name into the table `events`."""
        options, dates = self.options, False
        if options.table is not None:
            asked = (options.table, options.columns, options.by, options.where)
            dates = read_table(duck, connection, *asked, self.folder)
        elif options.events:
            files = originals(options.events, self.folder)
            read_files(duck, files, options.columns, self.folder, options.by)
        else:
            path = self.folder / "sample.csv"
            path.write_bytes(self.sample())
            read_files(duck, {"sample events": path}, options.columns, self.folder, options.by)
        self.whole_days = dates
        run(duck, "events", self.parameters() | {"present": present_moment(connection)})
        duck.execute("DROP TABLE written")

    def parameters(self) -> dict[str, Any]:
        """The options as the parameters of the statements, each of which takes those it names."""
        options = self.options
        columns = {options.columns.get(name, name): name for name in NAMES}
        described = options.time_format if options.table is None else None
        return vars(options) | {
            "time_format": described and in_capitals(described),
            "brackets": list(options.brackets),
            "ages": list(options.ages),
            "follow": options.ages[-1] if options.ages else options.follow,
            "return_event": list(options.return_event),
            "exclude_event": list(options.exclude_event),
            "week_day": WEEK_DAYS.index(options.week_start),
            "value_is": columns.get(options.by) if options.table is None else None,
            "in_detail": options.quality or options.by is not None or options.window is not None,
            "whole_days": self.whole_days,
        }

    def compare(self, duck: DuckDBPyConnection, record: dict[str, Any]) -> str:
        """Compare the answers; return what both have found. Raises `Difference`."""
        if self.is_about_activity:
            return compare_activity(duck, self.options, self.parameters(), record)
        if self.options.cohorts:
            return compare_triangle(record, run(duck, "triangle", self.parameters()))
        retained = dict(run(duck, "users", self.parameters()))
        if self.options.users:
            return compare_users(record, retained)
        ((observed,),) = run(duck, "observed", self.parameters())
        return compare_count(record, retained, observed)

    def reported(
        self, difference: Difference, duck: DuckDBPyConnection, connection: Connection
    ) -> OutsideError:
        """The error for a difference, which says if it may be one of the rules of the time zone."""
        moment = first_moment_of_other_rules(duck, connection, self.options.time_zone)
        remedy = "please report it with the events in question"
        if moment:
            remedy = (
                f"they have rules of different years for {self.options.time_zone}, which differ at "
                f"{moment:%Y-%m-%d %H:%M} UTC: update the older one"
            )
        return OutsideError(f"--check: {difference}, so no answer is printed; {remedy}")
