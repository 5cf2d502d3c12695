"""The api-versions of the DNS private resolver that provider listings show, newest first."""

from __future__ import annotations

API_VERSIONS = ("2025-05-01", "2022-07-01")
