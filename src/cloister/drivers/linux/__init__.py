"""The fabric: desired kernel objects put into network namespaces by netlink, and read back from them.

Lives here: the process with rights over networks. Never lives here: a rule about who may reach whom. Read first: ``main.py``.
"""
