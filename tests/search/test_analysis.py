"""Text analysis: folding, tokenizing and stemming."""

from collections.abc import Iterator
from itertools import pairwise
from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

from app.search.analysis.folding import fold_text
from app.search.analysis.languages import LANGUAGES, primary_language
from app.search.analysis.stemming import stem, stem_prefixes
from app.search.analysis.tokenizer import find_spans, tokenize
from app.search.analysis.trigrams import find_trigrams

FAMILIES = {
    "ar": (
        "انتخابات الانتخابات للانتخابات انتخابية انتخاب والانتخابات بالانتخابات انتخاباتها",
        "حكومة الحكومة حكومات والحكومة الحكومية للحكومة وحكومة حكومتنا",
        "وزير الوزير والوزير للوزير",
        "تونس التونسية التونسيين تونسي بتونس",
    ),
    "en": (
        "election elections elected electing",
        "government governments governing",
        "party parties",
        "agency agencies",
    ),
    "es": (
        "elección elecciones",
        "gobierno gobiernos",
        "economía económica económico",
        "niño niña niños niñas",
        "tecnología tecnológico tecnologías",
    ),
    "fr": (
        "élection élections",
        "loi lois",
        "élu élue élus élues",
        "première premier premières premiers",
        "année années",
        "général générale générales",
    ),
    "de": ("Haus Häuser", "Wahl Wahlen"),
    "pt": ("eleição eleições", "nação nações"),
    "cs": ("volby volbách", "stromů stromům stromy"),
    "pl": ("wybory wyborów wyborach",),
    "ru": ("выборы выборов выборам",),
}


@pytest.mark.parametrize(
    ("language", "family"),
    [(tag, family) for tag, several in FAMILIES.items() for family in several],
)
def test_words_of_a_family_have_one_stem(language: str, family: str) -> None:
    stems = {stem(language, word) for word in tokenize(family)}

    assert len(stems) == 1


@pytest.mark.parametrize(
    ("language", "family"),
    [(tag, family) for tag, several in FAMILIES.items() for family in several],
)
def test_words_of_a_family_begin_with_the_prefixes_of_their_stem(
    language: str, family: str
) -> None:
    members = tokenize(family)

    for word, other in pairwise([*members, members[0]]):
        assert other.startswith(stem_prefixes(language, word))


@pytest.mark.parametrize(
    ("language", "word", "other"),
    [
        ("fr", "pays", "paye"),
        ("fr", "mois", "moi"),
        ("es", "media", "medida"),
        ("ar", "كتاب", "مكتب"),
        ("en", "news", "new"),
    ],
)
def test_unrelated_words_have_different_stems(language: str, word: str, other: str) -> None:
    assert stem(language, tokenize(word)[0]) != stem(language, tokenize(other)[0])


def test_every_language_has_a_stemmer() -> None:
    assert len(LANGUAGES) >= 34
    for language in LANGUAGES:
        assert stem(language, "word")


def test_words_of_a_language_without_a_stemmer_are_not_stemmed() -> None:
    assert stem("vi", "chuyện") == "chuyện"


def test_words_in_another_script_are_not_stemmed() -> None:
    assert stem("en", "الحكومه") == "الحكومه"


_UNBROKEN = ["lodz", "super", "wordjoiner", "mark", "ab"]


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("Élection ÉLECTION e\u0301lection", ["election"] * 3),
        ("l’élection d'aujourd’hui", ["l", "election", "d", "aujourd", "hui"]),
        ("cœur ŒUVRE straße Łódź", ["coeur", "oeuvre", "strasse", "lodz"]),
        ("İstanbul", ["istanbul"]),
        ("مُحَمَّد مـحـمـد محمد", ["محمد"] * 3),
        ("أحمد إحمد آحمد ٱحمد", ["احمد"] * 4),
        ("حكومة حكومه على علي", ["حكومه", "حكومه", "علي", "علي"]),
        ("Ελλάδα ΕΛΛΆΔΑ ΕΛΛΑΔΑ", ["ελλαδα"] * 3),
        ("Κόσμος ΚΟΣΜΟΣ", ["κοσμοσ"] * 2),
        ("Ёлка ЁЛКА елка", ["елка"] * 3),
        ("Žižkov ŽIŽKOV Žižkov 中", ["zizkov"] * 3 + ["中"]),
        ("हिन्दी", ["हिनदी"]),
        ("中国人", ["中国", "国人"]),
        ("COVID-19 f_16", ["covid", "19", "f", "16"]),
        ("Infor\u00admation na\u00adïve", ["information", "naive"]),
        ("⑴ ⒉ ③ Ⓐ ﬁn", ["1", "2", "3", "a", "fin"]),
        ("Łó\u00addź su\u200bper word\u2060joiner \ufeffmark a\u200eb", _UNBROKEN),
        ("ﺍﻟﻤﺪرسة ﻻعب", ["المدرسه", "لاعب"]),
        ("٢٠٢٦ ۲۰۲۶ २०२६ ২০২৬ ２０２６ ๒๐๒๖ ၂၀၂၆", ["2026"] * 7),
        ("ปี๒๕๖๙", ["ปี", "2569"]),
        ("пʼять п'ять Hawaiʻi ʿAbd", ["п", "ять", "п", "ять", "hawai", "i", "abd"]),
        ("καὶ και ἄνθρωπος ΑΝΘΡΩΠΟΣ τῷ", ["και", "και", "ανθρωποσ", "ανθρωποσ", "τω"]),
        ("ѐлка елка ѝ", ["елка", "елка", "и"]),
        ("خانۀ خانه خانهٔ", ["خانه"] * 3),
        ("Երևան Երեւան ԵՐԵՎԱՆ", ["երեւան", "երեւան", "երեվան"]),
        ("ײדיש יידיש", ["יידיש"] * 2),
        ("5 µm 5 μm", ["5", "μm"] * 2),
    ],
)
def test_spellings_of_a_word_fold_to_one_form(written: str, terms: list[str]) -> None:
    assert tokenize(written) == terms


def _texts(first: int, last: int) -> st.SearchStrategy[str]:
    """Texts in the letters of a range, with the marks, spaces and signs in that range."""
    written = st.characters(
        categories=["L", "M", "N", "P", "Z"],
        min_codepoint=first,
        max_codepoint=last,
        exclude_characters="\u3099\u309a",  # never without a letter
    )
    return st.text(st.one_of(written, st.sampled_from(" 7'.-’\u00ad\u200b\u2060")), max_size=100)


# Scripts with and without spaces; the engine has a newer Unicode version, with more old scripts.
_SPACED = _texts(0x20, 0xDFF)
_UNSPACED = _texts(0x3041, 0x9FFF).map(lambda text: normalize("NFC", text))
_WRITTEN = st.lists(st.one_of(_SPACED, _UNSPACED), max_size=4).map(" ".join)


@given(_WRITTEN)
def test_spans_have_the_same_words_as_the_engine(text: str) -> None:
    spans = list(find_spans(text))

    assert [span.word for span in spans] == tokenize(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@pytest.mark.parametrize(
    ("written", "typed"), [("Ǧuovssahas", "guovssahas"), ("ǧ", "g"), ("ꟻ", "f")]
)
def test_letters_without_accents_are_lower_case(written: str, typed: str) -> None:
    assert tokenize(written) == tokenize(typed) == [typed]


def test_words_of_one_arabic_family_have_common_trigrams() -> None:
    assert set(find_trigrams("وزير")) < set(find_trigrams("الوزير"))
    assert len(find_trigrams("وزير tunis, 2026 مال في")) == 3
    assert find_trigrams("tunis élection выборы") == []


def test_trigrams_of_a_text_do_not_depend_on_its_other_characters() -> None:
    text = fold_text("انتخابات رئاسية پاکستان چاپ ٹماٹر")

    # No code page has this character.
    assert find_trigrams(f"{text} \u06dd") == find_trigrams(text) != []


def test_each_letter_in_arabic_script_has_trigrams_of_its_own() -> None:
    letters = {
        fold_text(letter) for letter in "ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگٹڈڑںھڕڵۆێەڤټځڅډړږښګڼۍې"
    }

    trigrams = {tuple(find_trigrams(3 * letter)) for letter in letters}
    assert len(trigrams) == len(letters) == 54
    assert all(map(len, trigrams))
    # Other letters have one in common.
    assert find_trigrams("ٻڀٿ") == find_trigrams("ڄڃڇ") != []


def _find_assigned() -> Iterator[str]:
    """Yield the characters of the Unicode version of Python; the engine knows a newer one."""
    for code in range(0x20, 0x20000):
        if category(chr(code)) not in {"Cn", "Co", "Cs"}:
            yield chr(code)


def test_words_are_as_the_engines_filters_would_make_them() -> None:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for each in (Filter.lowercase(), Filter.ascii_fold(), Filter.lowercase()):
        builder = builder.filter(each)
    analyzer = builder.build()

    for character in _find_assigned():
        text = fold_text(f"a{character}b")
        assert analyzer.analyze(text) == tokenize(text), hex(ord(character))


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_folding_is_idempotent(text: str) -> None:
    assert [tokenize(word) for word in tokenize(fold_text(text))] == [
        [word] for word in tokenize(text)
    ]


_CODE_PAGES = ["latin-1", *(f"cp{page}" for page in (1250, 1251, 1252, 1253, 1254, 1256, 1257))]


def _signs(page: str) -> str:
    return bytes(range(0x20, 0x100)).decode(page, "ignore")


@pytest.mark.parametrize("page", _CODE_PAGES)
@given(data=st.data())
def test_texts_of_one_code_page_fold_like_all_others(page: str, data: st.DataObject) -> None:
    text = data.draw(st.text(_signs(page), max_size=40))

    # No such code page has this character.
    assert tokenize(text) == tokenize(f"{text} \u4e00")[:-1]


@pytest.mark.parametrize("page", _CODE_PAGES)
def test_each_character_of_a_code_page_folds_like_elsewhere(page: str) -> None:
    for sign in _signs(page):
        assert tokenize(f"a{sign}b") == tokenize(f"a{sign}b \u4e00")[:-1]


@pytest.mark.parametrize(("tag", "language"), [("fr-CA", "fr"), ("AR", "ar"), ("", "")])
def test_the_language_of_a_tag(tag: str, language: str) -> None:
    assert primary_language(tag) == language
