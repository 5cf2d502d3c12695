"""The api-versions of Microsoft.Search that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2023-11-01", "2022-09-01", "2021-04-01-preview", "2020-08-01", "2020-03-13", "2015-08-19",
)  # fmt: skip
