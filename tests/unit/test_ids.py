"""Identifiers: canonical UUIDv7, in order of creation."""

import uuid

import pytest

from app.kit.ids import is_id, new_id


def test_an_id_is_a_uuid_of_version_7_in_its_canonical_form() -> None:
    id_ = uuid.UUID(new_id())
    assert (id_.version, id_.variant) == (7, uuid.RFC_4122)
    assert len(new_id()) == 36


def test_ids_are_distinct_and_sort_by_creation_time() -> None:
    ids = [new_id() for _ in range(5_000)]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    "text", ["0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44", "0198F0A2-7C1E-7A30-8F5E-2F6D0C1B9A44"]
)
def test_a_uuid_is_recognized_in_either_case(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0198f0a27c1e7a308f5e2f6d0c1b9a44",
        "{0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44}",
        "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a4g",
        "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44-2",
        "urn:uuid:0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44",
        "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44\n",
        "٠198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44",
    ],
)
def test_nothing_else_is_recognized_as_an_id(text: str) -> None:
    assert not is_id(text)
