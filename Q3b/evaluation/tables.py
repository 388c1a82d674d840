"""A comparison as text: for each data set the models' measures, and the differences in nDCG."""

from collections.abc import Callable, Sequence

from evaluation.differences import Difference

WIDTHS = {"recall": 15, "ndcg": 15}
# By column of the second table: its measure and how it is written.
LISTS = {
    "coverage": ("coverage", ".3f"),
    "gini": ("gini", ".3f"),
    "novelty": ("novelty", ".2f"),
    "lift": ("popularity_lift", "+.2f"),
    "antihubs": ("antihubs", ".1%"),
    "hub links": ("hub_links", ".1%"),
    "seconds": ("seconds", ".1f"),
}
QUARTER = "_quarter_"


def as_text(summaries: list[dict], pairs: list[Difference]) -> str:
    """The tables of each data set, one under the other."""
    names = dict.fromkeys(one["data"] for one in summaries)
    return "\n\n".join(
        of_data_set(
            [one for one in summaries if one["data"] == name],
            [pair for pair in pairs if pair.data == name],
        )
        for name in names
    )


def of_data_set(summaries: list[dict], pairs: list[Difference]) -> str:
    """The tables of one data set."""
    measures = [name for name in summaries[0] if "@" in name and not name.endswith("_interval")]
    means = [name for name in measures if QUARTER not in name]
    tables = [
        title(summaries[0]),
        table([(name, width_of(name), measure_cell(name)) for name in means], summaries),
        table([(head, 10, list_cell(*column)) for head, column in LISTS.items()], summaries),
        *quarter_table([name for name in measures if QUARTER in name], summaries),
        *difference_table(pairs),
    ]
    return "\n".join(tables)


def title(one: dict) -> str:
    """What the tables of a data set are made of."""
    splits = "1 split" if one["splits"] == 1 else f"{one['splits']} splits"
    text = (
        f"{one['data']}: {splits} ({one['split']}), means over {one['users']:,} users ± 95 %"
        " confidence; seconds are medians"
    )
    if one["absent"]:
        absent = f"{one['absent']:,.0f} of {one['held_out'] + one['absent']:,.0f} held-out plays"
        text += f"\n{absent} are of artists that nobody plays in training, and left out"
    return text


def table(columns: list[tuple[str, int, Callable[[dict], str]]], summaries: list[dict]) -> str:
    """Columns, each a head, a width and a function of a summary, with a line for each model."""
    lines = [f"{'model':<27}" + "".join(f"{head:>{width}}" for head, width, _ in columns)]
    for one in summaries:
        cells = "".join(f"{cell(one):>{width}}" for _, width, cell in columns)
        lines.append(f"{one['model']:<27}{cells}")
    return "\n".join(line.rstrip() for line in lines)


def width_of(measure: str) -> int:
    """The width of a measure's column."""
    return WIDTHS.get(measure.partition("@")[0], len(measure) + 2)


def measure_cell(name: str) -> Callable[[dict], str]:
    """A measure with its interval, where it has one."""

    def cell(one: dict) -> str:
        interval = one.get(f"{name}_interval")
        value = "" if one[name] is None else f"{one[name]:.3f}"
        return value if interval is None else f"{value} ± {interval:.3f}"

    return cell


def list_cell(name: str, form: str) -> Callable[[dict], str]:
    """A measure of all lists; blank where it does not apply."""
    return lambda one: f"{one[name]:{form}}" if name in one else ""


def quarter_table(names: Sequence[str], summaries: list[dict]) -> list[str]:
    """The quarters of the users, from the fewest plays to the most."""
    if not names:
        return []
    measure = names[0].partition(QUARTER)[0]
    columns = [(f"{place} of 4", 10, measure_cell(name)) for place, name in enumerate(names, 1)]
    head = f"{measure} by quarters of the users, from the fewest plays to the most"
    return [head, table(columns, summaries)]


def difference_table(pairs: list[Difference]) -> list[str]:
    """The differences in nDCG, from the better model to the worse."""
    shown = [pair for pair in pairs if pair.measure.startswith("ndcg")]
    if not shown:
        return []
    head = f"{shown[0].measure}, paired by user, with 95 % intervals for all pairs together (Holm)"
    return [head, *map(difference_line, shown)]


def difference_line(pair: Difference) -> str:
    """One pair as a line."""
    width = "" if pair.half_width is None else f" ± {pair.half_width:.4f}"
    verdict = "level with" if pair.verdict == "level" else f"{pair.verdict} than"
    return (
        f"{pair.model:<27}{verdict:<12}{pair.other:<27}"
        f"{pair.difference:+.4f}{width}  p {pair.p:.2g}"
    )
