"""The api-versions of Microsoft.Network that provider listings show, newest first. The engine accepts any."""

from __future__ import annotations

API_VERSIONS = (
    "2025-05-01", "2024-10-01", "2024-07-01", "2024-05-01", "2024-03-01", "2024-01-01", "2023-11-01", "2023-09-01", "2023-06-01",
    "2023-05-01", "2023-04-01", "2023-02-01", "2022-11-01", "2022-09-01", "2022-07-01", "2022-05-01", "2022-01-01", "2021-08-01",
    "2021-05-01", "2021-03-01", "2021-02-01", "2020-11-01", "2020-08-01", "2020-07-01", "2020-06-01", "2020-05-01", "2020-04-01",
    "2020-03-01", "2019-12-01", "2019-11-01", "2019-09-01", "2019-08-01", "2019-07-01", "2019-06-01", "2019-04-01",
)  # fmt: skip

POLICIES_OBEYED_SINCE = "2022-05-01"
"""The first api-version whose endpoints may stand in a subnet with endpoint policies on (they obey them)."""

FOUR_POLICIES_SINCE = "2022-09-01"
"""The first api-version that shows four values of privateEndpointNetworkPolicies; older ones know Enabled and Disabled."""
