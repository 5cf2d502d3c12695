"""The extension index of this cloud: where az looks for ``az extension add -n azure-cli-ml``, and the wheel it finds.

Microsoft's own extension of that name, which gave ``az ml workspace private-endpoint``, is no longer to be had; this
cloud offers one with the same commands (``src/cloister_az_ml``). The wheel is packed when first asked for, the same bytes
each time. Sources: the binary distribution format (PEP 427), Azure's index format: aka.ms/azure-cli-extension-index-v1.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.util
import io
import zipfile
from pathlib import Path
from typing import Any

from cloister.arm.errors import ArmError
from cloister.control.answers import reply
from cloister.control.ports import Engine, Route, RouteCall
from cloister.frontends.arm_http.metadata import PUBLIC_AUTHORITY
from cloister.ipc.messages import Response

NAME, VERSION = "azure-cli-ml", "2.0.0"
FILE = f"{NAME.replace('-', '_')}-{VERSION}-py3-none-any.whl"
MIN_AZ = "2.30.0"
_SUMMARY = "Commands 'az ml workspace' of a Cloister cloud, with the options of their first version"
_COMMANDS: dict[str, Any] = {
    "ml": {
        "workspace": {
            **dict.fromkeys(("create", "show", "update", "delete", "list"), NAME),
            "private-endpoint": dict.fromkeys(("add", "list", "delete"), NAME),
        }
    }
}
_STAMP = (2020, 1, 1, 0, 0, 0)  # of every file in the wheel, so that its bytes and their hash stay the same


def _sources() -> Path:
    """The folder of the extension; found, not imported: it needs az's own packages."""
    spec = importlib.util.find_spec("cloister_az_ml")
    if spec is None or not spec.submodule_search_locations:
        message = f"cannot offer the extension '{NAME}': it is not installed with this cloud; install the whole of it."
        raise ArmError(404, "ExtensionNotFound", message)
    return Path(next(iter(spec.submodule_search_locations)))


@functools.cache
def wheel() -> bytes:
    """The extension as a wheel."""
    root = _sources()
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted((root / "azext_cloister_ml").iterdir())
        if path.suffix in (".py", ".json")
    }
    about = f"{NAME.replace('-', '_')}-{VERSION}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\nSummary: {_SUMMARY}\n"
    files[f"{about}/METADATA"] = metadata.encode()
    files[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: cloister\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{about}/top_level.txt"] = b"azext_cloister_ml\n"
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in files.items())
    files[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _STAMP)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


async def index(engine: Engine, call: RouteCall) -> Response:
    """GET /extensions/index.json: the extensions there are, to anyone."""
    offered = {
        "downloadUrl": f"https://{call.request.authority or PUBLIC_AUTHORITY}/extensions/{FILE}",
        "filename": FILE,
        "sha256Digest": hashlib.sha256(wheel()).hexdigest(),
        "metadata": {
            "azext.minCliCoreVersion": MIN_AZ,
            "metadata_version": "2.1",
            "name": NAME,
            "version": VERSION,
            "summary": _SUMMARY,
        },
    }
    return reply(200, {"formatVersion": "1", "extensions": {NAME: [offered]}})


async def commands(engine: Engine, call: RouteCall) -> Response:
    """GET /extensions/extensionCommandTree.json: which extension has which command."""
    return reply(200, _COMMANDS)


async def download(engine: Engine, call: RouteCall) -> Response:
    """GET /extensions/{file}: the wheel."""
    if call.parts["file"] != FILE:
        message = f"cannot find '{call.parts['file'][:100]}': this cloud offers '{FILE}'."
        raise ArmError(404, "ExtensionNotFound", message)
    return Response(status=200, headers={"content-type": "application/octet-stream"}, body=wheel())


ROUTES = (
    Route(method="GET", path="/extensions/index.json", permission="anonymous", handle=index),
    Route(method="GET", path="/extensions/extensionCommandTree.json", permission="anonymous", handle=commands),
    Route(method="GET", path="/extensions/{file}", permission="anonymous", handle=download),
)
