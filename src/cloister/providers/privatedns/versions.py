"""The api-versions of Private DNS that provider listings show, newest first. The engine accepts any."""

from __future__ import annotations

API_VERSIONS = ("2024-06-01", "2020-06-01", "2020-01-01", "2018-09-01")

REDIRECT_SINCE = "2024-06-01"
"""The first api-version with ``resolutionPolicy`` on a virtual network link."""
