"""Cursors: a signed value is returned, and any other token refused."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.cursor import Signer, fingerprint
from app.kit.errors import BadCursor

_SECRET = "a secret of the deployment, thirty-two"
SIGNER = Signer(_SECRET, "cursor")
TOKEN_CHARACTERS = string.ascii_letters + string.digits + "-_"
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_a_signed_value_is_returned(value: Any) -> None:
    token = SIGNER.sign(value)
    assert SIGNER.read(token) == value
    assert set(token) <= set(TOKEN_CHARACTERS)


@given(VALUES, st.data())
def test_any_changed_character_is_refused(value: Any, data: st.DataObject) -> None:
    token = SIGNER.sign(value)
    place = data.draw(st.integers(0, len(token) - 1))
    others = TOKEN_CHARACTERS.replace(token[place], "") + "=+/.é \n"
    changed = token[:place] + data.draw(st.sampled_from(others)) + token[place + 1 :]
    with pytest.raises(BadCursor):
        SIGNER.read(changed)


def test_every_changed_character_of_one_token_is_refused() -> None:
    token = SIGNER.sign([1_768_212_000_000_000, "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44"])
    for place, there in enumerate(token):
        for other in TOKEN_CHARACTERS:
            if other != there:
                with pytest.raises(BadCursor):
                    SIGNER.read(token[:place] + other + token[place + 1 :])


@given(VALUES, st.integers(1, 10))
def test_a_shorter_or_longer_token_is_refused(value: Any, count: int) -> None:
    token = SIGNER.sign(value)
    for changed in (token[:-count], token[count:], token + "A" * count, token + "=" * count):
        with pytest.raises(BadCursor):
            SIGNER.read(changed)


@given(st.text(max_size=60))
def test_no_other_text_is_accepted_as_a_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        SIGNER.read(text)


def test_another_secret_or_another_purpose_signs_differently() -> None:
    token = SIGNER.sign("here")
    others = (
        Signer("another secret of another deployment", "cursor"),
        Signer("a secret of the deployment, thirty-two", "preview"),
    )
    for other in others:
        with pytest.raises(BadCursor):
            other.read(token)


def test_nodes_with_one_secret_read_each_others_cursors() -> None:
    twin = Signer("a secret of the deployment, thirty-two", "cursor")
    assert twin.read(SIGNER.sign([1, "a"])) == [1, "a"]


def test_equivalent_queries_have_one_fingerprint() -> None:
    assert fingerprint("category=morocco") == fingerprint("category=morocco")
    assert fingerprint("category=morocco") != fingerprint("category=maroc")


def test_an_old_secret_verifies_and_does_not_sign() -> None:
    rotated = Signer("another secret of the deployment, 32", "cursor", ["none", _SECRET])
    token = SIGNER.sign("position")
    assert rotated.read(token) == "position"
    with pytest.raises(BadCursor):
        SIGNER.read(rotated.sign("position"))
    with pytest.raises(BadCursor):
        Signer("another secret of the deployment, 32", "cursor", ["none"]).read(token)
    with pytest.raises(BadCursor):
        Signer("another secret of the deployment, 32", "preview", [_SECRET]).read(token)
