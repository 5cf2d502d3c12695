"""The api-versions of Microsoft.DocumentDB that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2024-08-15", "2024-05-15", "2023-11-15", "2023-04-15", "2022-08-15", "2021-10-15", "2021-06-15", "2021-04-15",
    "2020-04-01", "2019-12-12", "2015-04-08",
)  # fmt: skip
