"""The demo: the article's scripts run by Microsoft's SDK, and after each step the workspace tried from three places.

Lives here: the steps and what each promises (``steps.py``), the two programs that run on machines of the cloud (``driver.py``
in Microsoft's environment, ``probe.py``), the order of it all (``run.py``) and its printing (``paper.py``).
"""
