"""Control: the verbs once for all resource types, the GATES of a request, operations, deployments, the reconcile loop.

Lives here: what turns requests into rows and rows into edits. Never lives here: the rules of one type (``providers/``), SQL
(``store/``), the kernel (``drivers/``). Read first: ``ports.py`` (what the parts ask of each other), ``gates.py``, ``loop.py``.
"""
