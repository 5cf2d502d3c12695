"""Requests to Resource Manager with the credentials and the cloud that az is set to."""

import json
import time

from azure.cli.core.azclierror import AzureResponseError, ResourceNotFoundError
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.cli.core.util import send_raw_request

ENDED = ("Succeeded", "Failed", "Canceled")
WAIT_SECONDS, POLL_SECONDS = 600, 0.5


class Arm:
    """The resources of a subscription, unless ids say otherwise."""

    def __init__(self, cmd, subscription=None):
        self.context = cmd.cli_ctx
        self.subscription = subscription or get_subscription_id(cmd.cli_ctx)

    def group(self, name, subscription=None):
        """The id of a group."""
        return f"/subscriptions/{subscription or self.subscription}/resourceGroups/{name}"

    def ask(self, method, id, version, body=None):
        """The JSON of an answer, None where it has none. Raises az's own errors, in the server's words."""
        text = None if body is None else json.dumps(body)
        url = f"{id}?api-version={version}"
        try:
            answer = send_raw_request(self.context, method, url, body=text)
        except Exception as error:
            response = getattr(error, "response", None)
            if response is None:
                raise
            kind = ResourceNotFoundError if response.status_code == 404 else AzureResponseError
            raise kind(_words(response)) from error
        return answer.json() if answer.content else None

    def find(self, id, version):
        """The resource, or None."""
        try:
            return self.ask("GET", id, version)
        except ResourceNotFoundError:
            return None

    def put(self, id, version, body):
        """Make it and wait until it is made."""
        made = self.ask("PUT", id, version, body)
        end = time.monotonic() + WAIT_SECONDS
        while (state := (made.get("properties") or {}).get("provisioningState", "Succeeded")) not in ENDED:
            if time.monotonic() > end:
                raise AzureResponseError(f"cannot tell how '{id}' ended: it is still '{state}'; look at it later.")
            time.sleep(POLL_SECONDS)
            made = self.ask("GET", id, version)
        if state != "Succeeded":
            raise AzureResponseError(f"cannot make '{id}': it ended as '{state}'; the activity log has the reason.")
        return made

    def gone(self, id, version, wait=True):
        """Delete it and, unless told otherwise, wait until it is not there."""
        self.ask("DELETE", id, version)
        end = time.monotonic() + WAIT_SECONDS
        while wait and self.find(id, version) is not None:
            if time.monotonic() > end:
                raise AzureResponseError(f"cannot tell whether '{id}' is gone: it is still there; look again later.")
            time.sleep(POLL_SECONDS)


def _words(response):
    try:
        error = response.json()["error"]
        return f"({error['code']}) {error['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.reason}: {response.text[:500]}"
