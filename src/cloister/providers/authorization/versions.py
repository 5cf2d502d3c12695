"""The api-versions of Microsoft.Authorization policies that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2025-03-01", "2024-05-01", "2024-04-01", "2023-04-01", "2022-06-01", "2021-06-01", "2020-09-01", "2020-03-01",
    "2019-09-01", "2019-06-01", "2018-05-01", "2016-12-01",
)  # fmt: skip
