"""The api-versions of Microsoft.Synapse that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2021-06-01", "2021-03-01", "2020-12-01", "2019-06-01-preview",
)  # fmt: skip
