"""Slugs: generation from titles in any script, free numbers, and validation."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.ids import normalize_ref, normalize_slug
from app.kit.slugs import MAX_LENGTH, find_free_slug, find_slug_problem, make_slug

UUID = "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44"
# Letters of keyboards that only a compatibility form decomposes.
_TYPED = [0x587, 0xE33, 0xEB3, 0xEDC, 0xEDD, *range(0x675, 0x679), *range(0x3131, 0x3164)]
TITLES = st.text(st.characters(codec="utf-8"), max_size=120)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Barak MX enters service", "barak-mx-enters-service"),
        ("  Morocco's   king — visits: Fès!  ", "moroccos-king-visits-fes"),
        ("L’Élysée d'Orsay", "l-elysee-d-orsay"),
        ("Aujourd’hui, qu'est-ce que l'État ?", "aujourdhui-qu-est-ce-que-l-etat"),
        ("¿Qué pasó en España?", "que-paso-en-espana"),
        ("المغرب يفوز", "المغرب-يفوز"),
        ("محمّدٌ", "محمد"),
        ("مـــحمد", "محمد"),
        ("日本語のニュース", "日本語のニュース"),
        ("서울 소식", "서울-소식"),
        ("हिन्दी समाचार", "हिन्दी-समाचार"),
        ("İstanbul", "istanbul"),
        ("Brand™ №1", "brandtm-no1"),
        ("ﬁnance 2026", "finance-2026"),
        ("covid-19", "covid-19"),
        ("a--b", "a-b"),
        ("1️⃣0 reasons", "10-reasons"),
        ("I ❤️ Rabat", "i-rabat"),
    ],
)
def test_a_title_becomes_words_with_hyphens(title: str, slug: str) -> None:
    assert make_slug(title, fallback="article") == slug


@pytest.mark.parametrize(
    "slug",
    [
        "น้ำท่วมภาคใต้",
        "คำ-กำ-ทำ",
        "ນ້ຳຖ້ວມ",
        "ຫນັງສື",
        "\u0edd\u0eb2\u0e81",
        "և-եւ",
        "ㅋㅋㅋ",
        "한글-ㅏㅑ",
        "မြန်မာ",
        "ភ្នំពេញ",
        "བོད",
        "й-ё-ї",
        "ή-ώ-ΐ",
        "ガギグ",
    ],
)
def test_letters_are_kept_as_they_are_typed(slug: str) -> None:
    assert make_slug(slug.replace("-", " "), fallback="article") == slug
    assert normalize_slug(slug) == normalize_ref(slug) == slug
    assert normalize_slug(unicodedata.normalize("NFD", slug)) == slug


@pytest.mark.parametrize("code", _TYPED, ids=lambda code: f"{code:04x}")
def test_a_letter_with_a_separate_nfc_form_is_found_as_it_is_typed(code: int) -> None:
    typed = f"{chr(code)}{chr(code)} {chr(code)}a"
    assert make_slug(typed, fallback="article") == normalize_ref(typed.replace(" ", "-"))


_UNSEEN = [
    *("\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"),
    *(
        "\u180b\u180d\u180f\u2060\u2061\u2064\u2066\u2067\u2068\u2069\u206f\ufeff\ufe0e\ufe0f\U000e0001"
    ),
]


@pytest.mark.parametrize("unseen", _UNSEEN, ids=lambda item: f"{ord(item):04x}")
@pytest.mark.parametrize("word", [("Donau", "dampf"), ("می", "خواهم"), ("พรุ่ง", "นี้"), ("日", "本")])
def test_invisible_characters_are_removed_and_do_not_separate_words(
    unseen: str, word: tuple[str, str]
) -> None:
    first, last = word
    whole = f"{first}{last}".lower()
    title = f"{unseen}{first}{unseen}{last}{unseen} {unseen}x{unseen} "
    assert make_slug(title, fallback="article") == f"{whole}-x"
    assert normalize_ref(f"{unseen}{first}{unseen}{last}{unseen}-x") == f"{whole}-x"


@pytest.mark.parametrize("unseen", "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
def test_invisible_letters_are_not_in_slugs(unseen: str) -> None:
    assert make_slug(f"{unseen}a{unseen}b {unseen}", fallback="article") == "ab"
    assert make_slug(unseen, fallback="article") == "article"


@pytest.mark.parametrize(
    "title",
    ["", "   ", "!?…", "🎉🎊", "❤️", "👍🏽", "\u0301", "ـــ", "\u200f", UUID, UUID.upper()],
)
def test_a_title_without_words_gets_the_fallback(title: str) -> None:
    assert make_slug(title, fallback="article") == "article"


@given(TITLES)
def test_every_generated_slug_is_valid(title: str) -> None:
    slug = make_slug(title, fallback="article")
    assert find_slug_problem(slug) is None
    assert normalize_slug(slug) == slug
    assert len(slug) <= 100


@given(st.text(max_size=60))
def test_slug_normalization_is_idempotent(text: str) -> None:
    assert normalize_slug(normalize_slug(text)) == normalize_slug(text)


def test_a_long_title_is_cut_between_words() -> None:
    slug = make_slug("one twenty " * 20, fallback="article")
    assert len(slug) <= 100
    assert set(slug.split("-")) == {"one", "twenty"}
    assert make_slug("x" * 500, fallback="article") == "x" * 100


@pytest.mark.parametrize(
    "slug", ["a", "covid-19", "المغرب", "日本", "हिन्दी", "2026", "a" * MAX_LENGTH, "ü-1"]
)
def test_letters_digits_and_single_hyphens_make_a_slug(slug: str) -> None:
    assert find_slug_problem(slug) is None


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "-",
        "-a",
        "a-",
        "a--b",
        "a b",
        "a_b",
        "a/b",
        "a.b",
        "a\u200fb",
        "\u0301",
        "a-\u0301",
        "a\ufe0f",
        "\x00",
        "🎉",
        "a" * (MAX_LENGTH + 1),
        "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44",
    ],
)
def test_anything_else_is_an_invalid_slug(slug: str) -> None:
    assert find_slug_problem(slug) is not None


def test_a_used_slug_gets_the_first_free_number() -> None:
    assert find_free_slug("story", lambda _: set()) == "story"
    assert find_free_slug("story", lambda batch: {"story"} & set(batch)) == "story-2"
    used = {"story", "story-2", "story-4"}
    assert find_free_slug("story", lambda batch: used & set(batch)) == "story-3"


def test_a_numbered_slug_is_valid_for_any_length_of_the_requested_one() -> None:
    slug = "a" * MAX_LENGTH
    numbered = find_free_slug(slug, lambda batch: {slug} & set(batch))
    assert numbered.endswith("-2")
    assert find_slug_problem(numbered) is None
    hyphen_at_the_cut = "a" * (MAX_LENGTH - 9) + "-" + "b" * 8
    numbered = find_free_slug(hyphen_at_the_cut, lambda batch: {hyphen_at_the_cut} & set(batch))
    assert find_slug_problem(numbered) is None


def test_the_five_thousandth_equal_title_takes_few_queries() -> None:
    used = {"story", *(f"story-{number}" for number in range(2, 5_001))}
    batch_sizes: list[int] = []

    def find_taken(batch: list[str]) -> set[str]:
        batch_sizes.append(len(batch))
        return used & set(batch)

    started = time.process_time()
    assert find_free_slug("story", find_taken) == "story-5001"
    assert len(batch_sizes) < 20
    assert sum(batch_sizes) < 7_000
    assert time.process_time() - started < 5
