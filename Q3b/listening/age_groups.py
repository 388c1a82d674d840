"""Groups of ages, for what listeners of about the same age like."""

OLDEST = 100  # years; above it people tell stories
FIRST_YEARS = {"under 18": 0, "18-24": 18, "25-34": 25, "35-44": 35, "45-54": 45, "55 or older": 55}
UNKNOWN = ""


def age_group(age: float | None) -> str:
    """The group of an age in years; UNKNOWN for None, NaN and ages outside 0 to OLDEST."""
    if age is None or not 0 <= age <= OLDEST:
        return UNKNOWN
    return max((first, group) for group, first in FIRST_YEARS.items() if first <= age)[1]
