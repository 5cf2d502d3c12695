"""Guids are those that the standard library makes."""

from __future__ import annotations

import os
import uuid

from hypothesis import given
from hypothesis import strategies as st

from cloister.arm.guids import name_based_guid, random_guid


@given(st.uuids(), st.text())
def test_a_named_guid_is_that_of_the_standard_library(namespace: uuid.UUID, name: str) -> None:
    assert name_based_guid(namespace.bytes, name) == str(uuid.uuid5(namespace, name))


def test_random_guids_are_of_version_4_and_differ() -> None:
    made = {random_guid(os.urandom(16)) for _ in range(1_000)}
    assert len(made) == 1_000
    for text in made:
        found = uuid.UUID(text)
        assert (str(found), found.version, found.variant) == (text, 4, uuid.RFC_4122)
