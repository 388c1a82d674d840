#!/usr/bin/env python3
"""Alert people that the daily job failed, by a message to a webhook."""

from common.command import Command, OutsideError, UserError

import json
import os
import socket
import sys

import click

TIMEOUT = 10  # seconds
EXAMPLES = """\b
example:
  python Q3b/alert.py "the daily recommendations failed"
"""


def post(url: str, text: str) -> None:
    """Post the message to a webhook.

    Raises UserError if `url` is not an HTTP address, OutsideError if the message is not accepted.
    The address may hold a secret: the errors do not show it.
    """
    import urllib.request  # with TLS and mail: as long to load as all else
    from http.client import HTTPException

    if not url.startswith(("https://", "http://")):
        raise UserError("RECOMMENDER_ALERT_URL must begin with https:// or http://")
    body = json.dumps({"text": text}).encode()
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310 - http(s), as checked
            pass
    except (OSError, ValueError, HTTPException) as error:
        reason = getattr(error, "reason", type(error).__name__)
        raise OutsideError(f"the alert was not sent: {reason}") from None


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("message", default="the daily job failed")
def main(message: str):
    """Alert people that the daily job failed: post MESSAGE to the webhook RECOMMENDER_ALERT_URL.

    The body is {"text": MESSAGE}, which Slack, Mattermost and most alerting services take. MESSAGE
    is "the daily job failed" by default. Without the variable it goes to standard error alone.
    """
    text = f"{socket.gethostname()}: {message}"
    click.echo(text, err=True)
    url = os.environ.get("RECOMMENDER_ALERT_URL")
    if url:
        post(url, text)


if __name__ == "__main__":
    sys.exit(main())
