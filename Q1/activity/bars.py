"""The users of one day, and findings about the data, as bars, with what these show in words."""

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from activity.answers import Definition
from activity.counts import Group
from activity.finding import Finding
from activity.plot import Picture
from common.picture import STYLE, short
from retention.overview import Overview
from retention.plot import empty_figure
from retention.questions import Count
from retention.report import Data
from retention.shares import wilson_interval


@style.context(STYLE)
def one_day_picture(counts: dict[Group, Count], definition: Definition, data: Data) -> Picture:
    """A bar for each group: the share that came back, with its interval."""
    question, known = data.question, {it: count for it, count in counts.items() if count[0]}
    title = f"{short(question.start)} on {question.install_date}"
    if not known:
        return empty_figure(f"nobody has {title}"), "Nobody to draw."
    figure = Figure(figsize=(8, 1.5 + 0.35 * len(known)), layout="constrained")
    axes = figure.subplots()
    users, active = np.array(list(known.values())).T
    low, high = wilson_interval(active, users)
    share = active / users
    names = [short(str(group), 24) if definition.by else "all" for group in known]
    labels = [f"{name}, {of:,} users" for name, of in zip(names, users, strict=True)]
    axes.barh(labels, share, xerr=[share - low, high - share], capsize=3)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel(f"active from {question.active_from} to {question.active_to}, 95 % intervals")
    axes.set_title(title)
    axes.grid(axis="x")
    return figure, f"{share.max():.1%} came back at most, {share.min():.1%} at least."


@style.context(STYLE)
def quality_picture(findings: list[Finding], overview: Overview) -> Picture:
    """A bar for each finding: the share of all records, or of all users, that it is about."""
    everybody = max(overview.users, 1)
    records = max(overview.span.records, 1)
    shares = [
        it.users / everybody if it.records is None else it.records / records for it in findings
    ]
    labels = [
        f"{short(it.finding)}{': ' * bool(it.names)}{short(', '.join(it.names), 24)}"
        for it in findings
    ]
    figure = Figure(figsize=(9, 1.5 + 0.35 * len(findings)), layout="constrained")
    axes = figure.subplots()
    axes.barh(range(len(labels)), shares)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("share of the records, or of the users")
    axes.grid(axis="x")
    worst = max(zip(shares, labels, strict=True))
    return figure, f"Most are {worst[1]}: {worst[0]:.1%}."
