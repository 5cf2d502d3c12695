"""The api-versions of Microsoft.Sql that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = (
    "2023-08-01", "2021-11-01", "2021-11-01-preview", "2021-05-01-preview", "2021-02-01-preview", "2020-11-01-preview",
    "2020-08-01-preview", "2020-02-02-preview", "2019-06-01-preview", "2018-06-01-preview", "2017-10-01-preview",
    "2017-03-01-preview", "2015-05-01-preview", "2014-04-01",
)  # fmt: skip
