"""Retention by age as a picture: a heat map, with what it shows in words."""

from matplotlib.figure import Figure

from activity.answers import Definition, measures_of, unit
from activity.retention import Retention
from activity.summary import Measure
from common.picture import short
from retention.plot import cohort_labels, heat_map
from retention.questions import Cohort, number_of
from retention.report import Data
from retention.shares import weighted_mean

Picture = tuple[Figure, str]


def retention_picture(
    answer: Retention, measure: Measure, definition: Definition, data: Data
) -> Picture:
    """A heat map with a line per cohort or, where values split the answer, per value."""
    if definition.by:
        named = [(short(str(group), 24), mean_of(it)) for group, it in answer.groups.items()]
        digits = max(len(f"{cohort.users:,}") for _, cohort in named)
        width = max(len(name) for name, _ in named)
        labels = [f"{name:{width}} {it.users:>{digits},} users" for name, it in named]
        cohorts, lines = [cohort for _, cohort in named], f"by {short(definition.by)}"
    else:
        (cohorts,) = answer.groups.values()
        labels = cohort_labels(cohorts, measure.period)
        lines = f"by {measure.period} of {first_of(data)}"
    columns = list(map(str, answer.ages))
    title, _ = next(iter(measures_of(measure).items()))
    figure = heat_map(
        cohorts,
        labels,
        columns,
        f"Share of users active, {lines} (%): {title}",
        f"{unit(measure)}s since the {first_of(data)}",
        data.overview.span.last_day,
    )
    return figure, describe(answer, measure, data)


def first_of(data: Data) -> str:
    """What ages are counted from."""
    return "first event" if data.question.first_event else "first install"


def mean_of(cohorts: list[Cohort]) -> Cohort:
    """All cohorts as one, with the shares of their weighted mean; None where none is observed."""
    mean, users = weighted_mean(cohorts), sum(cohort.users for cohort in cohorts)

    def scaled(counts: list[int]) -> list[float | None]:
        pairs = zip(counts, mean.users, strict=True)
        return [count / of * users if of else None for count, of in pairs]

    start = cohorts[0].start
    return Cohort(start, users, scaled(mean.active_on), scaled(mean.active_on_or_after))


def describe(answer: Retention, measure: Measure, data: Data) -> str:
    """What the heat map shows, in words: all users together, in the second column."""
    cohorts = [cohort for group in answer.groups.values() for cohort in group]
    mean = weighted_mean(cohorts)
    if len(answer.ages) < 2 or not mean.users[1]:
        return "Nobody has been followed for a whole period yet."
    return (
        f"Active at age {answer.ages[1]}, in {unit(measure)}s since the {first_of(data)}: "
        f"{mean.active_on[1] / mean.users[1]:.1%} of {number_of(mean.users[1], 'user')}."
    )
