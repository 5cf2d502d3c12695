"""Drivers: the two verbs ``observe()`` and ``apply(edits)``, and nothing else.

``linux/`` is the fabric process (netlink); ``remote.py`` speaks to a driver in another process; ``sim/`` holds the same
objects in memory and answers what a packet would meet.
"""
