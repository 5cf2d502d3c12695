"""The api-versions of Microsoft.ServiceBus that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2024-01-01", "2022-10-01-preview", "2021-11-01", "2021-06-01-preview", "2021-01-01-preview", "2018-01-01-preview",
    "2017-04-01", "2015-08-01",
)  # fmt: skip
