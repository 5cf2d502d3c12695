"""The api-versions of Microsoft.KeyVault that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2026-02-01", "2025-05-01", "2024-11-01", "2023-07-01", "2023-02-01", "2022-11-01", "2022-07-01", "2021-10-01", "2019-09-01",
    "2018-02-14", "2016-10-01", "2015-06-01",
)  # fmt: skip
