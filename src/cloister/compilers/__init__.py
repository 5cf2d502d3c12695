"""Intent -> desired objects, one module per technology, all pure.

Lives here: what the kernel (``linux.py``), the edge (``sites.py``) and the resolver (``names.py``) must hold, in which
units it is recomputed (``units.py``), how it differs from what is held (``diff.py``) and in which order that is
mended (``order.py``). Never lives here: ARM's JSON, I/O, a clock. ``explain`` reads the same intent and shares no
matching code with this room.
"""
