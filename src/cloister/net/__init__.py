"""The network in its own words: intent, desired objects, the address plan, names of the control plane, STAGES.

Lives here: values that the rooms above hand each other. Never lives here: ARM's JSON, netlink, I/O. Read first:
``intent.py``, ``desired/``.
"""
