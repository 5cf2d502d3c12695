"""The api-versions of Microsoft.Insights that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2023-06-01", "2022-10-01", "2021-09-01", "2021-07-01-preview", "2021-05-01-preview", "2021-03-08", "2020-10-01",
    "2019-03-01", "2018-03-01", "2017-05-01-preview", "2017-04-01", "2015-04-01",
)  # fmt: skip
