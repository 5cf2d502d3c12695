"""The api-versions of Microsoft.DataFactory that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2018-06-01", "2017-09-01-preview",
)  # fmt: skip
