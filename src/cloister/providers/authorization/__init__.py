"""Microsoft.Authorization: role assignments, custom roles and locks; extension resources that stand on any scope.

Lives here: what may be declared. Never lives here: who may do what (``arm/rbac.py``), the check of a request
(``control/gates.py``). To add a type: its module, its ``TYPE`` in the tuple below.
"""

from __future__ import annotations

from cloister.providers.authorization import locks, policies, role_assignments, role_definitions

TYPES = (role_assignments.TYPE, role_definitions.TYPE, locks.TYPE, *policies.TYPES)
