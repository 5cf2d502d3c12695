"""Names, purely: zones, links, public names, and ``answer(view, question)`` with the steps that led there.

Lives here: what a name means in a network. Never lives here: bytes and sockets (``services/resolver``), resource
types (``providers/privatedns``), which objects exist (``compilers/names``).
"""
