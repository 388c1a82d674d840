"""What events do: which of them begin a user's time, and which are coming back."""

from dataclasses import dataclass

from psycopg2 import sql

ANY = sql.SQL("TRUE")


@dataclass(frozen=True)
class Roles:
    """Which events put a user into a cohort, and which count as activity; by default all do both.

    `start` is the name of the event that does so, None for any; `returns` are the names of those
    that are activity, none for all; `excluded` are neither activity nor a first event.
    """

    start: str | None = None
    returns: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def starts(self, event_name: sql.Composable) -> sql.Composable:
        """The condition that an event may be the first of a user's cohort."""
        if self.start is None:
            return excluding(event_name, self.excluded)
        return sql.SQL("{} = {}").format(event_name, literal(self.start))

    @property
    def all_return(self) -> bool:
        """Whether every event counts as activity."""
        return not self.returns and not self.excluded

    def comes_back(self, event_name: sql.Composable) -> sql.Composable:
        """The condition that an event counts as activity."""
        kept = excluding(event_name, self.excluded)
        if not self.returns:
            return kept
        named = sql.SQL("{} IN ({})").format(event_name, names(self.returns))
        return named if kept is ANY else sql.SQL("({} AND {})").format(named, kept)


ALL_EVENTS = Roles()


def excluding(event_name: sql.Composable, excluded: tuple[str, ...]) -> sql.Composable:
    """The condition that an event has none of these names; one without a name has none."""
    if not excluded:
        return ANY
    # Not `IN (...) IS NOT TRUE`, which postgres_fdw leaves to the server that asks.
    return sql.SQL("({0} IS NULL OR {0} NOT IN ({1}))").format(event_name, names(excluded))


def names(texts: tuple[str, ...]) -> sql.Composed:
    """A list of names, which the server takes for values of the column's type."""
    return sql.SQL(", ").join(map(literal, texts))


def literal(text: str) -> sql.Literal:
    """A text for a statement with parameters, which begin with a percent sign."""
    return sql.Literal(text.replace("%", "%%"))
