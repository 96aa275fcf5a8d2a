"""Language tags: BCP 47, in canonical case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from app.content.inputs import normalize_language


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("en", "en"),
        ("FR-ca", "fr-CA"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("ZH-YUE-hant-hk", "zh-yue-Hant-HK"),
        ("es-419", "es-419"),
        ("de-ch-1996", "de-CH-1996"),
        ("sl-ROZAJ-biske", "sl-rozaj-biske"),
        ("shi-tfng-ma", "shi-Tfng-MA"),
        ("ar-u-NU-latn", "ar-u-nu-latn"),
        ("en-x-US-Twain", "en-x-us-twain"),
    ],
)
def test_a_tag_is_stored_in_canonical_case(written: str, stored: str) -> None:
    assert normalize_language(written) == stored
    assert normalize_language(stored) == stored


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "e",
        "english",
        "en_GB",
        "en-",
        "-en",
        "en--GB",
        "fr-CAN-",
        "en-u",
        "en-x",
        "12",
        "én",
        "en GB",
        "en\n",
        "*",
        "en-a-b",
    ],
)
def test_an_invalid_tag_is_refused(tag: str) -> None:
    with pytest.raises(PydanticCustomError):
        normalize_language(tag)


@given(st.from_regex(r"[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-[a-zA-Z]{2})?", fullmatch=True))
def test_tags_are_compared_without_regard_to_case(tag: str) -> None:
    if tag.isascii():
        assert normalize_language(tag.upper()) == normalize_language(tag.lower())
