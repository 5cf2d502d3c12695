"""What the edge answers by itself: a workspace's discovery document and the plain pages of names that wait for a service.

The discovery document tells SDK v1 where a workspace's services are; here they all are the workspace's own name. Its URL is
the workspace's ``discoveryUrl``, which has two forms, because clients keep a document for ever under its URL and must read it
again when a workspace becomes private:

    https://<guid>.workspace.<region>.api.azureml.ms/discovery/public     while public access is enabled
    https://<guid>.workspace.<region>.api.azureml.ms/discovery/private    while it is disabled

Either is served whenever the network policy lets the caller in. Source of the keys: what Microsoft's SDK v1 reads
(``service_context.py``); of the two forms: the same SDK, which says that they differ.
"""

from __future__ import annotations

import html
import json

from cloister.ipc.messages import Response
from cloister.net.desired import Policy, Site

DISCOVERY_KEYS = (
    "api", "catalog", "experimentation", "gallery", "history", "hyperdrive", "labeling", "modelmanagement", "notebooks",
    "pipelines", "studio", "studiocoreservices",
)  # fmt: skip


def is_discovery(path: str) -> bool:
    """Whether a path is one of the forms; without an ending it is the older name of the same."""
    return path.rstrip("/").lower() in ("/discovery", "/discovery/public", "/discovery/private")


def discovery(site: Site, policy: Policy, authority: str) -> Response:
    """The document, with the name (and port) that the caller used: it leads back by the way that worked."""
    root = f"https://{authority or site.fqdn}"
    document = {key: root for key in DISCOVERY_KEYS}
    notebook = dict(policy.facts).get("notebook", "")
    if notebook:
        document["notebooks"] = f"https://{notebook}"
    headers = {"content-type": "application/json; charset=utf-8", "cache-control": "no-cache"}
    return Response(status=200, headers=headers, body=json.dumps(document).encode())


def notebooks(site: Site) -> Response:
    """The workspace's notebook name: it is private like the rest, and says what will be here."""
    workspace = site.resource.rsplit("/", 1)[-1]
    text = (
        f"This is the notebook server's name of the workspace '{workspace}'. You reached it, so the network and its policy let "
        "you in. JupyterLab comes here with the workspace's compute instances; there is none yet."
    )
    return _page(f"Notebooks of {workspace}", text)


def portal() -> Response:
    """The portal's names."""
    return _page("Studio", "The studio of this cloud comes here. Until then, use an SDK, the command line, or 'cloister status'.")


def _page(title: str, text: str) -> Response:
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p></html>\n"
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "default-src 'none'",
        "cache-control": "no-cache",
    }
    return Response(status=200, headers=headers, body=body.encode())
