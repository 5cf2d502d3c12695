"""The api-versions of Microsoft.CognitiveServices that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2024-10-01", "2024-04-01-preview", "2023-05-01", "2022-12-01", "2021-10-01", "2021-04-30", "2017-04-18",
)  # fmt: skip
