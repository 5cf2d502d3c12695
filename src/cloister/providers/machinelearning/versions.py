"""The api-versions of Microsoft.MachineLearningServices that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2026-05-01", "2025-12-01", "2025-09-01", "2025-06-01", "2024-10-01", "2024-04-01", "2023-10-01", "2023-04-01", "2022-10-01",
    "2022-05-01", "2021-07-01", "2021-04-01", "2021-01-01", "2020-08-01", "2020-06-01", "2020-04-01", "2020-03-01", "2020-01-01",
    "2019-11-01", "2019-06-01", "2018-11-19",
)  # fmt: skip
