"""Why: flow -> trace. The second judge: it reads the same intent as the compilers and shares no matching code with them.

Lives here: the walk of a flow through STAGES (``path.py``), its vocabulary (``trace.py``), its printing (``render.py``).
Never lives here: compilers' objects, I/O. A disagreement with what packets do is a bug in one of the two.
"""
