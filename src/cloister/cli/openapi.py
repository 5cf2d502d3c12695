"""``cloister openapi``: what this cloud's Resource Manager answers, in OpenAPI, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cloister.cli.cloud import Cloud
from cloister.cli.errors import CliError


def openapi(output: str) -> None:
    """Write the running cloud's description to a file, or to stdout for ``-``. Raises CliError for a file that cannot be."""
    text = json.dumps(Cloud().arm("GET", "/openapi.json"), indent=1, ensure_ascii=False) + "\n"
    if output == "-":
        sys.stdout.write(text)
        return
    try:
        Path(output).write_text(text)
    except OSError as error:
        raise CliError(f"cannot write {output}: {error.strerror}; name a file in a folder that is there") from error
