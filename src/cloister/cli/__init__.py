"""The ``cloister`` command: one module per command, plus what several of them use.

Lives here: what a person types and reads. It speaks to a running cloud over its unix sockets (``cloud.py``) and enters
networks by descriptors of the keeper (``machine.py``, ``enter.py``). Never lives here: rules, or a part of the server.
Read first: ``main.py`` (the list of commands), ``cloud.py`` (how a command asks the cloud).
"""
