"""The stories that a query finds, and their order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.search.query.compiler import (
    MOST_REQUIRED_WORDS,
    compile_with_vocabulary,
    loosen_phrases,
    loosen_words,
)
from app.search.query.parser import parse_query
from app.search.text_fields import HEADLINE
from app.search.vocabulary import Vocabulary
from tests.repetitions import repetitions
from tests.search.memory_index import MemoryIndex, story


@pytest.fixture(scope="module")
def stories() -> MemoryIndex:
    return MemoryIndex(
        budget=story("The government presented its budget to parliament.", title="A new budget"),
        vote=story("Elections will be held in spring, the governments said."),
        storm=story("A storm hit the coast of Morocco.", title="Storm over Casablanca"),
        calm=story("The coast was calm after the storm in Morocco, said the storm watch."),
        jet=story("An F-16 flew over the well-known coast."),
        fr=story("L’élection présidentielle aura lieu aujourd’hui à Rabat.", "fr"),
        es=story("El gobierno presentó los presupuestos de la nación.", "es"),
        ar=story("أعلنت الحكومة عن موعد الانتخابات في تونس", "ar"),
        zh=story("中国人民银行宣布降息。", "zh"),
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("election ", {"vote", "fr"}),
        ("government ", {"budget", "vote"}),
        ("gobiernos ", {"es"}),
        ("élections ", {"vote", "fr"}),
        ("حكومة ", {"ar"}),
        ("انتخابية ", {"ar"}),
        ("présidentielles ", {"fr"}),
    ],
)
def test_a_word_finds_its_family_in_every_language(
    stories: MemoryIndex, typed: str, expected: set[str]
) -> None:
    assert set(stories.find(typed)) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("l'élection ", {"fr", "vote"}),
        ("l’election", {"fr", "vote"}),
        ("aujourd'hui", {"fr"}),
        ("Morocco's ", {"storm", "calm"}),
        ("F-16", {"jet"}),
        ("f16", {"jet"}),
        ("coast-storm", {"storm", "calm"}),
        ("中国", {"zh"}),
        ("人民银行", {"zh"}),
        ("降", {"zh"}),
        ("国中", set()),
    ],
)
def test_compounds_find_their_parts(stories: MemoryIndex, typed: str, expected: set[str]) -> None:
    assert set(stories.find(typed)) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("storm coast", ["storm", "calm"]),
        ("storm parliament", []),
        ("the storm", ["storm", "calm"]),
        ('"coast of Morocco"', ["storm"]),
        ('"of coast Morocco"', []),
        ('"storm"', ["storm", "calm"]),
        ("storm -calm", ["storm"]),
        ('storm -"hit the coast"', ["calm"]),
        ("title:storm", ["storm"]),
        ('title:"over casablanca"', ["storm"]),
        ("casablanca OR parliament", ["budget", "storm"]),
        ("budget OR storm coast", ["storm", "calm"]),
    ],
)
def test_query_operators_select_the_expected_stories(
    stories: MemoryIndex, typed: str, expected: list[str]
) -> None:
    assert sorted(stories.find(typed)) == sorted(expected)


def test_excluded_words_alone_find_all_other_stories(stories: MemoryIndex) -> None:
    assert set(stories.find("-storm")) == {"budget", "vote", "jet", "fr", "es", "ar", "zh"}


def test_all_of_few_words_are_required_and_long_queries_rank_by_matches(
    stories: MemoryIndex,
) -> None:
    few, many = "storm coast hail snow".split(), "storm coast hail snow sleet".split()

    assert len(few) == MOST_REQUIRED_WORDS
    assert stories.find(" ".join(few)) == []
    assert set(stories.find(" ".join(many))) == {"storm", "calm", "jet"}
    assert stories.find(" ".join(many))[-1] == "jet"


def test_a_question_finds_the_best_matches(stories: MemoryIndex) -> None:
    assert stories.find("Where did storms hit?")[0] == "storm"


def test_phrases_and_title_words_stay_required_in_long_queries(stories: MemoryIndex) -> None:
    assert stories.find('title:budget "a storm" coast calm morocco') == []


@pytest.mark.parametrize(
    "typed",
    [
        'the storm hit Morocco, "as nobody had seen before", officials said today',
        'a storm over Casablanca" said the watch, "Morocco was calm',
        "storm coast morocco " + "hail snow sleet " * 40,
        "hail snow sleet " * 40 + "storm coast morocco",
    ],
)
def test_a_pasted_text_finds_the_stories_with_most_of_its_words(
    stories: MemoryIndex, typed: str
) -> None:
    assert set(stories.find(typed)[:2]) == {"storm", "calm"}


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ('watch: "storm coast morocco hail"', "watch: storm coast morocco hail"),
        ('a b -c title:d "e f g"', "a b title:d e f g -c"),
        ('"storm coast morocco hail snow"', None),
        ('watch "storm coast morocco"', None),
        ('storm coast morocco hail title:"snow sleet"', None),
        ('storm coast morocco "hail snow" OR "snow hail"', None),
    ],
)
def test_phrases_can_be_split_into_words(typed: str, nearest: str | None) -> None:
    loose = loosen_phrases(parse_query(typed))

    assert (loose and loose.text) == nearest


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("storm coast parliament", "storm coast parliament ?"),
        ("storm coast morocco hail", "storm coast morocco hail ?"),
        ("storm OR hail coast morocco -snow", "storm OR hail coast morocco -snow ?"),
        ("the storm coast parliament", "storm coast parliament ?"),
        ("storm of the coast", None),
        ("storm-coast-parliament", None),
        ("example.com/storm/coast/morocco", None),
        ("storm coast", None),
        ("storm coast morocco?", None),
        ("storm coast morocco hail snow", None),
        ('storm coast "parliament"', None),
        ("storm coast title:parliament", None),
    ],
)
def test_three_or_four_words_can_be_searched_for_like_a_question(
    typed: str, nearest: str | None
) -> None:
    loose = loosen_words(parse_query(typed), ("en",))

    assert (loose and loose.text) == nearest
    # The last word is not taken for the beginning of one, so the same is found if it is sent.
    assert loose is None or not any(part.is_prefix for parts in loose.required for part in parts)


def test_a_quotation_mark_after_a_letter_starts_no_phrase(stories: MemoryIndex) -> None:
    assert set(stories.find('storm" coast "')) == {"storm", "calm"}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("parli", {"budget"}),
        ("storm casa", {"storm"}),
        ("title:ca", {"storm"}),
        ("ca", {"storm"}),
        ("الانتخ", {"ar"}),
        ("parli ", set()),
        ("parli budget", set()),
    ],
)
def test_the_last_word_may_be_a_prefix(
    stories: MemoryIndex, typed: str, expected: set[str]
) -> None:
    assert set(stories.find(typed)) == expected


@pytest.mark.parametrize(
    ("typed", "corrected", "expected"),
    [
        ("goverment ", "government", {"budget", "vote"}),
        ("storm in Moroco", "storm in morocco", {"storm", "calm"}),
        ("Marocco -calm", "morocco -calm", {"storm"}),
        ("parlaiment ", "parliament", {"budget"}),
        ("title:casabalnca", "title:casablanca", {"storm"}),
        ("الحكوكة ", "الحكومه", {"ar"}),
        ("zebra ", None, set()),
        ("stor ", "storm", {"storm", "calm"}),
        ("sto ", None, set()),
        ("goverment-budget", "government-budget", {"budget"}),
        ("d’electoin ", "election", {"vote", "fr"}),
        ('"goverment"', None, set()),
        ("-goverment storm", None, {"storm", "calm"}),
    ],
)
def test_misspelt_words_are_corrected_and_reported(
    stories: MemoryIndex, typed: str, corrected: str | None, expected: set[str]
) -> None:
    assert stories.match(typed).corrected == corrected
    assert set(stories.find(typed)) == expected


def test_an_indexed_word_is_not_corrected(stories: MemoryIndex) -> None:
    assert stories.match("coast storm").corrected is None


def test_a_rare_word_is_searched_for_in_addition_to_its_correction() -> None:
    many = {f"s{number}": story("Elections in Rabat.") for number in range(120)}
    shelf = MemoryIndex(**many, slip=story("Electoins in Rabat."))

    assert shelf.match("electoins ").corrected == "elections"
    assert shelf.find("electoins ")[0] == "slip"
    assert len(shelf.find("electoins ")) == 100


def test_the_parsed_query_can_be_highlighted(stories: MemoryIndex) -> None:
    typed = stories.match("goverment rab", ["fr-CA", "en"]).parsed

    assert typed.text == "government rab"
    assert typed.languages == ("fr", "en")
    assert typed.required[1][0].is_prefix


def test_requested_languages_select_word_families() -> None:
    shelf = MemoryIndex(fr=story("Les chevaux", "fr"), en=story("Horses", "en"))

    assert shelf.find("cheval ", ["fr-CA"]) == ["fr"]
    assert shelf.find("cheval ", ["en"]) == []


OTHERS = {
    "cs": ("volbách", "volby"),
    "de": ("Häuser", "Haus"),
    "el": ("εκλογές", "εκλογών"),
    "et": ("valimised", "valimiste"),
    "eu": ("hauteskundeak", "hauteskunde"),
    "hi": ("चुनाव", "चुनावों"),
    "hu": ("házak", "házakban"),
    "ja": ("衆議院選挙", "選挙"),
    "lt": ("rinkimai", "rinkimų"),
    "ne": ("निर्वाचन", "निर्वाचनमा"),
    "nl": ("huizen", "huis"),
    "pl": ("wyborów", "wybory"),
    "pt": ("eleições", "eleição"),
    "ro": ("alegerile", "alegeri"),
    "ru": ("выборы", "выборов"),
    "sv": ("regeringen", "regering"),
    "th": ("การเลือกตั้ง", "เลือกตั้ง"),
    "vi": ("bầu cử", "bau cu"),
}


def test_rare_languages_have_word_families_too() -> None:
    shelf = MemoryIndex(**{tag: story(there, tag) for tag, (there, _) in OTHERS.items()})

    missed = [tag for tag, (_, typed) in OTHERS.items() if tag not in shelf.find(f"{typed} ")]
    assert missed == []


def test_a_frequent_word_matches_no_unrelated_words_of_other_languages() -> None:
    usual = {
        f"{tag}{n}": story("Hazak", tag) for tag in ("en", "fr", "es", "ar", "it") for n in "ab"
    }
    shelf = MemoryIndex(**usual, hu=story("Házakban", "hu"))

    assert "hu" not in shelf.find("hazak ")
    assert "hu" in shelf.find("hazak ", ["hu"])


def test_a_story_with_a_wrong_language_is_found() -> None:
    shelf = MemoryIndex(
        a=story("Les élections sont annoncées", "en"), b=story("الحكومة التونسية", "en")
    )

    assert shelf.find("élection annoncée") == ["a"]
    assert shelf.find("والحكومة", ["ar"]) == ["b"]


def test_fields_have_weights() -> None:
    shelf = MemoryIndex(
        body=story("Rain fell on the hills of the north today.", title="Weather"),
        title=story("It fell on the hills of the north today.", title="Rain"),
        tag=story("It fell on the hills of the north today.", title="Weather", tags=("rain",)),
    )

    assert shelf.find("rain ") == ["title", "tag", "body"]


def test_the_exact_word_has_more_weight() -> None:
    shelf = MemoryIndex(
        one=story("The election was held."),
        other=story("The elections were held."),
    )

    assert shelf.find("elections ")[0] == "other"
    assert shelf.find("election ")[0] == "one"


def test_the_typed_word_counts_by_its_own_rarity() -> None:
    shelf = MemoryIndex(
        rare=story("Elections of a minister."),
        frequent=story("Election of a ministers."),
        **{f"e{n}": story("The election was held.") for n in range(6)},
        **{f"m{n}": story("The ministers were there.") for n in range(4)},
    )

    assert shelf.find("elections ministers ")[0] == "rare"


def test_the_field_of_a_word_does_not_count_in_a_pasted_text() -> None:
    shelf = MemoryIndex(
        body=story("Rain fell on the hills today.", title="Weather"),
        title=story("Weather fell on the hills today.", title="Rain"),
    )
    pasted = "rain " + " ".join(f"word{letter}" for letter in "abcdefghijkl")

    (first, _), (second, _) = shelf.searcher.search(shelf.match(pasted).query, 2).hits
    assert first == second
    assert shelf.find(pasted.partition(" wordf")[0])[0] == "title"


ARABIC_QUESTION = "وزير تونس مطر بحر استقلال"


def test_arabic_words_with_common_trigrams_change_the_order_only() -> None:
    shelf = MemoryIndex(
        far=story("وزير مساكن هناك", "ar"),
        near=story("وزير مستقلون هناك", "ar"),
        other=story("مستقلون هناك", "ar"),
    )

    assert shelf.find(ARABIC_QUESTION) == ["near", "far"]
    assert set(shelf.find("وزير ")) == {"near", "far"}


def test_trigrams_at_the_beginning_count_more() -> None:
    filling = "هناك " * 40
    shelf = MemoryIndex(
        late=story(f"وزير {filling} مستقلون", "ar"),
        early=story(f"مستقلون وزير {filling}", "ar"),
        other=story("مطر بحر", "ar"),
    )

    assert shelf.find("وزير استقلال قمر شمس نجم")[:2] == ["early", "late"]


def test_trigrams_of_bodies_do_not_rank_for_readers_of_headlines() -> None:
    shelf = MemoryIndex(
        far=story("مساكن هناك", "ar", title="وزير"), near=story("مستقلون هناك", "ar", title="وزير")
    )
    headlines = Vocabulary(shelf.searcher, text=HEADLINE)

    matched = compile_with_vocabulary(parse_query(ARABIC_QUESTION), headlines, shelf.schema)

    (first, _), (second, _) = shelf.searcher.search(matched.query, 2).hits
    assert first == second
    assert shelf.find(ARABIC_QUESTION)[0] == "near"


def test_a_word_in_a_summary_counts_more_than_in_a_body() -> None:
    filling = "on the hills there was nothing but a quiet morning of the day"
    shelf = MemoryIndex(
        body=story(f"Storm {filling}"), summary=story(filling, summary="Storm"), other=story("Sun.")
    )

    assert shelf.find("storm") == ["summary", "body"]


def test_a_word_in_a_title_counts_more_than_in_a_summary_for_readers_of_headlines() -> None:
    shelf = MemoryIndex(
        summary=story("", title="Sun today", summary="Storm"),
        title=story("", title="Storm today", summary="Sun"),
        other=story("", title="Rain"),
    )
    headlines = Vocabulary(shelf.searcher, text=HEADLINE)

    matched = compile_with_vocabulary(parse_query("storm"), headlines, shelf.schema)

    (first, best), (second, _) = shelf.searcher.search(matched.query, 2).hits
    assert first > second
    assert shelf.searcher.doc(best)["name"] == ["title"]


def test_words_close_together_have_more_weight() -> None:
    far = "Minister of sports opened a hall, and health was no matter of the day there."
    near = "Minister of health opened a hall, and sports was no matter of the day there."
    shelf = MemoryIndex(far=story(far), near=story(near), other=story("Rain in the north."))

    assert shelf.find("minister health")[0] == "near"


def test_authors_and_sources_are_found() -> None:
    shelf = MemoryIndex(a=story("Rain.", authors=("Aïcha Bennani",), source="North Africa Post"))

    assert shelf.find("aicha bennani") == ["a"]
    assert shelf.find("north africa post rain") == ["a"]


@settings(
    max_examples=repetitions(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(max_size=80))
def test_any_query_can_be_compiled(stories: MemoryIndex, typed: str) -> None:
    stories.find(typed)


_PIECES = st.sampled_from(
    [
        "storm",
        "COAST",
        "watch budget",
        "الحكومة",
        "中国人民",
        "l'",
        "'s",
        '"',
        "-",
        " ",
        " OR ",
        "title:",
        "*",
        "?",
    ]
)


@settings(
    max_examples=repetitions(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_PIECES, max_size=20).map("".join))
def test_any_combination_of_operators_can_be_compiled(stories: MemoryIndex, typed: str) -> None:
    stories.find(typed)


@settings(
    max_examples=repetitions(80),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_PIECES, max_size=12).map(" ".join))
def test_the_unscored_query_finds_the_same_stories(stories: MemoryIndex, typed: str) -> None:
    matched = stories.match(typed)
    scored, unscored = (
        {(at.segment_ord, at.doc) for _, at in stories.searcher.search(query, 100).hits}
        for query in (matched.query, matched.unscored)
    )
    assert unscored == scored


@pytest.mark.parametrize("typed", ["a-b-" * 120, "中" * 500, "الا " * 120, "x" * 500, "' " * 200])
def test_a_long_query_can_be_compiled(stories: MemoryIndex, typed: str) -> None:
    assert len(stories.find(typed)) <= 9
