"""The service tags that rules and routes may name. What they mean is the network's own knowledge: ``net/tags.py``."""

from __future__ import annotations

from cloister.net.tags import TAGS, is_tag

__all__ = ["TAGS", "is_tag"]
