"""A name, number or abbreviation in several notations: each finds all others."""

from itertools import permutations, product

import pytest

from app.search.highlighting.highlighter import Highlighter
from app.search.query.parser import parse_query
from tests.search.memory_index import MemoryIndex, story

# The notations in each line are equivalent; text before and after them is added to each.
SAME = {
    "en": (
        ("US", "U.S.", "U. S.", "U.S"),
        ("UK", "U.K.", "U. K."),
        ("UN", "U.N.", "U.N"),
        ("USA", "U.S.A.", "U. S. A."),
        ("EU", "E.U."),
        ("NATO", "N.A.T.O."),
        ("PhD", "Ph.D.", "Ph. D.", "Ph.D"),
        ("MSc", "M.Sc.", "M. Sc."),
        ("pm", "p.m."),
        ("aka", "a.k.a."),
        ("J.K. Rowling", "JK Rowling", "J. K. Rowling", "J K Rowling"),
        ("J. R. R. Tolkien", "J.R.R. Tolkien", "JRR Tolkien", "J R R Tolkien"),
        ("T.S. Eliot", "T. S. Eliot", "TS Eliot", "T.S.Eliot"),
        ("1299500", "1,299,500", "1.299.500", "1'299'500", "1’299’500", "12,99,500"),
        ("1200", "1 200", "1\u00a0200", "1\u202f200", "1,200", "1\u2009200"),
        ("10000000", "10 000 000", "10,000,000"),
        ("10000000", "1,00,00,000"),
        ("١٢٠٠", "1200", "١٬٢٠٠"),
        ("B52", "B-52", "B 52", "B\u201152"),
        ("covid19", "COVID-19", "Covid 19", "covid–19"),
        ("MH370", "MH 370", "MH-370"),
        ("H5N1", "H5-N1"),
        ("4K", "4 K"),
        ("G20", "G-20", "G 20"),
        ("US-led", "U.S.-led"),
        ("US-China trade", "U.S.-China trade", "US–China trade"),
        ("US/UK", "U.S./U.K."),
        ("non-EU", "non-E.U."),
        ("PhD-level", "Ph.D.-level"),
        ("1200-page", "1,200-page"),
        ("2000-2500", "2,000-2,500"),
        ("5000km", "5,000km"),
        ("12345.67", "12,345.67"),
        ("US$1200", "US$1,200"),
        ("F16s", "F-16s"),
        ("T72B3", "T-72B3"),
        ("O'Brien", "O’Brien", "OBrien", "Oʼbrien"),
        ("D'Souza", "DSouza"),
        ("N'Djamena", "N’Djamena", "NDjamena"),
    ),
    "fr": (("S.N.C.F.", "SNCF", "S. N. C. F."), ("45 000", "45000", "45.000", "45\u202f000")),
    "es": (("EE.UU.", "EE. UU.", "EEUU", "EE UU"), ("S.A.", "SA"), ("JJ.OO.", "JJOO", "JJ. OO.")),
    "de": (("z.B.", "z. B.", "zB"),),
    "it": (("S.p.A.", "SpA", "S.p.A", "SPA"),),
    "ru": (("А.С. Пушкин", "А. С. Пушкин", "АС Пушкин"), ("С.Ш.А.", "США")),
    "he": (
        ('צה"ל', "צה״ל", "צהל", "צה”ל"),
        ('ארה"ב', "ארה״ב", "ארהב"),
        ('מנכ"לית', "מנכ״לית", "מנכלית"),
        ("צ'ק", "צ׳ק", "צק"),
        ("ג'ורג'", "ג׳ורג׳", "גורג"),
        ('רמטכ"ל', "רמטכ״ל", 'הרמטכ"ל', "רמטכל", "הרמטכל"),
        ("ממשלה", "הממשלה", "והממשלה", "שהממשלה"),
        ("הסכם", "ההסכם"),
        ("מדינה", "המדינה"),
        ("עם", "העם"),
    ),
    "fa": (
        ("می‌خواهم", "می خواهم"),
        ("نمی‌شود", "نمی شود"),
        ("کتاب‌ها", "کتاب ها"),
        ("دانش‌آموز", "دانش آموز"),
        ("بی‌خانه‌مان", "بی خانه مان"),
    ),
    "ja": (("テロ", "ﾃﾛ"), ("パリ", "ﾊﾟﾘ"), ("ガス会社", "ｶﾞｽ会社"), ("ヴィーナス", "ｳﾞｨｰﾅｽ")),
}
_LINES = [(language, line) for language, lines in SAME.items() for line in lines]
_FILLER = {"others": story("Rain fell on the hills of the north, in spring.")}


@pytest.mark.parametrize(("language", "line"), _LINES)
def test_each_notation_finds_all_others(language: str, line: tuple[str, ...]) -> None:
    written = {notation: story(f"… {notation}, …", language) for notation in line}
    shelf = MemoryIndex(**written, **_FILLER)

    missed = {typed: set(line) ^ set(shelf.find(f"{typed} ")) for typed in line}
    assert missed == {typed: set() for typed in line}
    assert [shelf.match(f"{typed} ").corrected for typed in line] == [None] * len(line)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        *product(("O'Brien's", "O’Brien’s", "o'brien's"), ("O'Brien", "OBrien")),
        *product(("D'Angelo's", "D’Angelo’s"), ("D'Angelo", "DAngelo")),
        ("Shaquille O'Neal's", "Shaquille O’Neal"),
        ("Qur'an's", "Quran"),
        ("J.K. Rowling's", "J. K. Rowling"),
        ("U.S.'s", "US"),
        ("James'", "James"),
        ("N'Djamena's", "N’Djamena"),
    ],
)
def test_possessives_find_names(typed: str, written: str) -> None:
    shelf = MemoryIndex(wanted=story(f"It was {written} again."), **_FILLER)

    assert shelf.find(typed) == ["wanted"]


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ('"U.S. president"', "the US president said"),
        ('"US president"', "the U.S. president said"),
        ('"J. K. Rowling"', "by JK Rowling, author"),
        ('"1 200 euros"', "pour 1200 euros"),
        ('"COVID-19 cases"', "more covid19 cases"),
        ("title:US", "U.S."),
        ("title:B52", "B-52"),
    ],
)
def test_phrases_and_titles_are_found_in_each_notation(typed: str, written: str) -> None:
    shelf = MemoryIndex(wanted=story(written, title=written), **_FILLER)

    assert shelf.find(typed) == ["wanted"]


def test_excluded_words_are_excluded_in_each_notation() -> None:
    shelf = MemoryIndex(
        a=story("Planes: a B-52."),
        b=story("Planes: a B52."),
        c=story("Planes with 52 seats, row B."),
    )

    assert shelf.find("planes -B52") == ["c"]


def test_excluded_words_are_not_joined() -> None:
    shelf = MemoryIndex(a=story("Rain on MH370."), b=story("Rain on MH."), c=story("Rain on 370."))

    assert shelf.find("rain -MH -370") == ["a"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("US economy ", ["states"]),
        ("us economy ", ["states"]),
        ("ds", []),
        ("1299501 ", []),
        ("B53 ", []),
        ("O'Hara's ", []),
    ],
)
def test_other_words_are_not_found(typed: str, expected: list[str]) -> None:
    shelf = MemoryIndex(
        states=story("The U.S. economy grew by 1,299,500, said O'Brien of a B-52."),
        other=story("The economy of Spain grew by 7."),
    )

    assert shelf.find(typed) == expected


_ADDRESS = "https://www.news.example.org/2024/05/reforme-retraites.html?page=2"


@pytest.mark.parametrize(
    "typed",
    [
        _ADDRESS,
        f"{_ADDRESS}&utm_source=x",
        "http://news.example.org/2024/05/reforme-retraites.html?page=2#end",
        "news.example.org/2024/05/reforme-retraites.html",
        "https://news.example.org/",
        "www.example.org",
        "example.org",
        "reforme-retraites",
        "retraites",
        f"voir {_ADDRESS}",
    ],
)
@pytest.mark.parametrize("written", [_ADDRESS, _ADDRESS.removeprefix("https://www.")])
def test_a_url_in_a_text_is_found_by_its_parts(typed: str, written: str) -> None:
    if "www." not in written and typed.startswith("www."):
        typed = typed.removeprefix("www.")
    shelf = MemoryIndex(
        wanted=story(f"Voir ici ({written}).", "fr"),
        other=story("Voir https://other.example.com/2023/retraite.", "fr"),
    )

    assert shelf.find(typed)[:1] == ["wanted"]
    if "." in typed:
        assert shelf.find(typed) == ["wanted"]


@pytest.mark.parametrize(
    ("typed", "written"),
    list(permutations(["https://ar.example.org/%D8%AA%D9%88", "https://ar.example.org/تو"], 2)),
)
def test_a_url_is_found_percent_encoded_or_not(typed: str, written: str) -> None:
    shelf = MemoryIndex(
        wanted=story(f"({written})", "ar"), other=story("https://ar.example.org/نس", "ar")
    )

    assert shelf.find(typed) == ["wanted"]


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("US", "The U.S. said", "The <mark>U.S</mark>. said"),
        ("U.S.", "The US said", "The <mark>US</mark> said"),
        ("1299500", "It has 1,299,500 here", "It has <mark>1,299,500</mark> here"),
        ("1200", "It has 1\u202f200 here", "It has <mark>1\u202f200</mark> here"),
        ("B52", "A B-52 flew", "A <mark>B-52</mark> flew"),
        ("MH 370", "The MH370 of", "The <mark>MH370</mark> of"),
        ("O'Brien's", "OBrien and O’Brien", "<mark>OBrien</mark> and <mark>O’Brien</mark>"),
        ("צהל", 'אמר צה"ל כי', 'אמר <mark>צה"ל</mark> כי'),
        ("می خواهم", "من می‌خواهم که", "من <mark>می‌خواهم</mark> که"),
        ("テロ", "昨日ﾃﾛ事件", "昨日<mark>ﾃﾛ</mark>事件"),
        ("パリ", "昨日ﾊﾟﾘで", "昨日<mark>ﾊﾟﾘ</mark>で"),
    ],
)
def test_each_notation_is_highlighted(typed: str, text: str, marked: str) -> None:
    typed_query = parse_query(f"{typed} ")

    assert Highlighter(typed_query).highlight("en", text, "").title == marked
