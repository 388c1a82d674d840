"""What an event is: the names of its columns, and the years in which it may have happened."""

NAMES = ("uid", "time", "event_name")  # what every source must have, under these or mapped names
VALUE = "value"  # what splits the answers, if the headers name a column for it
Headers = dict[str, str | None]  # the columns whose names differ; None for one that may be missing
YEARS = range(2, 9999)  # their moments have a day that Python knows in every time zone
