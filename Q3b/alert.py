"""Tell people that the daily job failed: post a message to the webhook RECOMMENDER_ALERT_URL.

The body is {"text": message}, which Slack, Mattermost and most alerting services take. Without
the variable the message goes to standard error alone.
"""

from common.command import OutsideError, UserError

import json
import os
import socket
import sys
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException

from common.command_line import ArgumentParser, command

TIMEOUT = 10  # seconds


def post(url: str, text: str) -> None:
    """Post the message to a webhook.

    Raises UserError for an address that is none, OutsideError if the message is not taken. The
    address may hold a secret: the errors do not show it.
    """
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


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Send the message of the command line."""
    parser = ArgumentParser(
        description=__doc__,
        epilog='example:\n  python Q3b/alert.py "the daily recommendations failed"',
    )
    parser.add_argument("message", nargs="?", default="the daily job failed", help="what happened")
    text = f"{socket.gethostname()}: {parser.parse_args(argv).message}"
    print(text, file=sys.stderr)
    url = os.environ.get("RECOMMENDER_ALERT_URL")
    if url:
        post(url, text)


if __name__ == "__main__":
    sys.exit(main())
