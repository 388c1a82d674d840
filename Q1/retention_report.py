"""The answers as text or JSON: nothing in them varies but with the data and the question."""

import json
from typing import Any

from retention import Answer, Question


def as_json(table: str, overview: Any, question: Question, answer: Answer) -> str:
    """The default question as one JSON object."""
    return json.dumps(
        {
            "table": table,
            "records": overview.records,
            "users": overview.users,
            "install_date": question.install_date.isoformat(),
            "active_from": question.active_from.isoformat(),
            "active_to": question.active_to.isoformat(),
            "installed_users": answer.installed_users,
            "retained_users": answer.retained_users,
            "retention": round(answer.retention, 6),
        },
        ensure_ascii=False,
        indent=2,
    )


def as_text(table: str, overview: Any, question: Question, answer: Answer) -> str:
    """The default question for people: the statement that was sent, the data, the answer."""
    return f"""\
{answer.statement}

table    {table}
records  {overview.records:,}
users    {overview.users:,}

{question.install_event} on {question.install_date}: {answer.installed_users:,} users
active from {question.active_from} to {question.active_to}: \
{answer.retained_users:,} of them ({answer.retention:.1%})"""
