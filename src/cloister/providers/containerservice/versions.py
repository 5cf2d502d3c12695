"""The api-versions of Microsoft.ContainerService that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2025-05-01", "2024-05-01", "2024-04-02-preview", "2024-01-01", "2023-10-01", "2022-11-01", "2022-06-01", "2021-05-01",
    "2020-09-01", "2020-07-01", "2020-03-01", "2019-02-01",
)  # fmt: skip
