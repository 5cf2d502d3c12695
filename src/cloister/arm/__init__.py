"""Azure Resource Manager in the abstract: ids, types and their marks, bodies, envelopes, errors, roles, templates.

Lives here: what holds for every resource type, pure and without I/O. Never lives here: any one type (``providers/``), verbs
and storage (``control/``). Read ``resource.py`` first: what a type is, and what its hooks may ask. To add a mark to the
schema language: a field in ``schema.py``, its meaning in ``schema_check.py``, a line in its tests.
"""
