"""A highlight begins and ends at grapheme boundaries (UAX 29)."""

import re
from html import unescape
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.highlighting.graphemes import boundary_after, boundary_before
from app.search.highlighting.highlighter import Highlighter
from app.search.query.parser import parse_query

# Each of them is displayed as one character.
CHARACTERS = {
    "combining marks": (
        "e\u0301",
        "e\u0301\u0323",
        "o\u20dd",
        "Z\u0351\u036b\u0343\u036a\u0302",
        "ä",
    ),
    "keycaps": ("1\ufe0f\u20e3", "#\ufe0f\u20e3"),
    "emoji": (
        "👍🏽",
        "👩\u200d🚀",
        "👨\u200d👩\u200d👧\u200d👦",
        "❤\ufe0f\u200d🔥",
        "🏳\ufe0f\u200d🌈",
        "🤦🏿\u200d♂\ufe0f",
    ),
    "flags": ("🇹🇳", "🇬🇧", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"),
    "jamo": ("\u1112\u1161\u11ab", "\u1100\u1161", "가\u11a8", "각"),
    "conjuncts": ("क्ष", "क्ष\u200dि", "ন্ত্র", "ક્ષ", "ക്ഷ", "క్ష", "स्त्री", "क्\u200dष"),
    "marks of words": ("กี่", "กำ", "ກຳ", "か\u3099", "葛\U000e0100", "ﾊﾟ", "பி", "မြို့"),
    "vowels": ("بَّ", "שׁ", "نٌ"),
    "signs before": ("\u0600١", "\u0d4eക"),
    "lines": ("\r\n", "\n"),
}
_ALL = [text for several in CHARACTERS.values() for text in several]
_TAGS = re.compile("</?mark>")


@pytest.mark.parametrize("character", _ALL)
@pytest.mark.parametrize("around", ["", "a", " ", "🎉", "中"])
def test_no_character_is_split(character: str, around: str) -> None:
    text = f"{around} {character} {around}"
    start = len(around) + 1

    for at in range(start + 1, start + len(character)):
        assert boundary_before(text, at) == start
        assert boundary_after(text, at) == start + len(character)


def test_flags_are_pairs_of_letters() -> None:
    text = "🇹🇳🇬🇧🇫🇷"

    assert [boundary_before(text, at) for at in range(7)] == [0, 0, 2, 2, 4, 4, 6]


@pytest.mark.parametrize(
    "text", ["ab", "中国", "a中", "🎉🎉", "한국", "कष", "a\u0301b", "اب", "กข"]
)
def test_separate_characters_may_be_split(text: str) -> None:
    at = len(text) - 1

    assert boundary_before(text, at) == boundary_after(text, at) == at


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("1", "Press 1\ufe0f\u20e3 now", "Press <mark>1\ufe0f\u20e3</mark> now"),
        ("cafe", "A cafe\u0301\u20dd now", "A <mark>cafe\u0301\u20dd</mark> now"),
        ("rain", "Rain\ufe0f\u200d on", "<mark>Rain\ufe0f\u200d</mark> on"),
        ("市葛城", "市葛\U000e0100城", "<mark>市葛\U000e0100城</mark>"),
        ("เลือก", "การเลือกตั้ง", "การ<mark>เลือก</mark>ตั้ง"),
        ("ลือ", "การเลือกตั้ง", "การเ<mark>ลือ</mark>กตั้ง"),
        (
            "한국",
            "\u1112\u1161\u11ab\u1100\u116e\u11a8 사람",
            "<mark>\u1112\u1161\u11ab\u1100\u116e\u11a8</mark> 사람",
        ),
    ],
)
def test_marks_include_whole_characters(typed: str, text: str, marked: str) -> None:
    assert Highlighter(parse_query(f"{typed} ")).highlight("en", text, "").title == marked


_CLUSTERS = st.sampled_from([*_ALL, "car", "中", "国", "한국", "ราย", "か", "1", " ", " "])
_TYPED = st.sampled_from(
    ["car ", "中国", "1 ", "ก ", "か ", "한 ", "क ", "e ", "क्ष ", "ราย", "葛 "]
)


@given(st.lists(_CLUSTERS, max_size=120), st.lists(_TYPED, min_size=1, max_size=4))
def test_marks_and_fragments_end_between_characters(clusters: list[str], typed: list[str]) -> None:
    # A space before each one separates neighbours, so that the ends of characters are known.
    pieces = [f" {cluster}" if cluster != " " else cluster for cluster in clusters]
    text = "".join(pieces)
    ends = {0, *accumulate(map(len, pieces))}
    edges = (
        ends | {end + 1 for end in ends} | {at for at in range(len(text)) if _is_plain(text, at)}
    )
    highlight = Highlighter(parse_query(" OR ".join(typed))).highlight("en", text, text)

    place = 0
    for part in re.split("(</?mark>)", highlight.title):
        if _TAGS.fullmatch(part):
            assert place in edges
        else:
            place += len(unescape(part))
    for fragment in highlight.body:
        plain = _TAGS.sub("", fragment).strip("… ") or " "
        start, end = plain[0], plain[-1]
        assert not re.match("[\u0300-\u036f\ufe0f\u200d\u20e3\u3099]", start)
        assert end != "\u200d"


def _is_plain(text: str, at: int) -> bool:
    """Whether no character can be split here: both neighbours are separate characters."""
    alone = "car中国한국ราย1か "
    return at > 0 and text[at - 1] in alone and text[at] in alone


@pytest.mark.parametrize(
    "character", ["👨\u200d👩\u200d👧\u200d👦", "e\u0301\u0323", "🇹🇳", "葛\U000e0100"]
)
@pytest.mark.parametrize("shift", range(8))
def test_fragments_without_spaces_end_between_characters(character: str, shift: int) -> None:
    body = "x" * shift + character * 90 + "中国" + character * 90
    (fragment,) = Highlighter(parse_query("中国")).highlight("zh", "", body).body

    plain = _TAGS.sub("", fragment).strip("… ")
    before, _, after = plain.partition("中国")
    assert before.lstrip("x") == character * (len(before) // len(character))
    assert after == character * (len(after) // len(character))


def test_an_excerpt_of_a_long_body_ends_between_characters() -> None:
    for shift in range(6):
        body = "x" * (99_990 + shift) + " car " + "e\u0301\u0323" * 9
        (fragment,) = Highlighter(parse_query("car ")).highlight("en", "", body).body
        rest = _TAGS.sub("", fragment).partition("car")[2].strip("… ")
        assert rest == "e\u0301\u0323" * (len(rest) // 3)
