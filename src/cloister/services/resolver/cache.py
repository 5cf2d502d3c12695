"""Finished answers by the bytes that asked for them: what makes the second equal question cheap.

The key is the message without its id, so it holds the letters as written, the flags and the EDNS size; the value is
the answer without its id. Answers of one view are forgotten together when a zone it links, or a public name, changes.
"""

from __future__ import annotations

from cloister.limits import DNS_CACHED_ANSWERS_MAX, DNS_CACHED_ANSWERS_PER_VIEW_MAX

Answers = dict[bytes, bytes]


class AnswerCache:
    """Bounded per view and as a whole. A full view forgets its own answers, so one network cannot slow another."""

    def __init__(self, per_view: int = DNS_CACHED_ANSWERS_PER_VIEW_MAX, whole: int = DNS_CACHED_ANSWERS_MAX):
        self._per_view = per_view
        self._whole = whole
        self._views: dict[str, Answers] = {}
        self._count = 0

    def of(self, namespace: str) -> Answers:
        """The live table of one view, for reading."""
        return self._views.setdefault(namespace, {})

    def keep(self, namespace: str, message: bytes, reply: bytes) -> None:
        """Keep an answer; both messages with their ids."""
        answers = self.of(namespace)
        if len(answers) >= self._per_view:
            self.forget(namespace)
        elif self._count >= self._whole:
            for other in list(self._views):
                self.forget(other)
        before = len(answers)
        answers[message[2:]] = reply[2:]
        self._count += len(answers) - before

    def forget(self, namespace: str) -> None:
        """Forget all answers of one view; its table stays the same object."""
        answers = self._views.get(namespace)
        if answers:
            self._count -= len(answers)
            answers.clear()

    def drop(self, namespace: str) -> None:
        """Forget the view itself."""
        self.forget(namespace)
        self._views.pop(namespace, None)

    def __len__(self) -> int:
        return self._count
