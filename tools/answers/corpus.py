"""The stories of the recordings: the same lines each time, with fixed ids and dates.

All dates are years before or after any recording, so that no answer depends on its time.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

STORIES = 360
_START = datetime(2019, 1, 1, 6, 0, tzinfo=UTC)
_FAR = "2099-01-01T09:00:00Z"
_SEED = 17
_LANGUAGES = ("en", "fr", "ar", "es", "fr-CA", "de", "en-GB", "zh-Hant")
_KINDS = ("news", "news", "news", "analysis", "opinion", "live-blog")
SOURCES = ("harbour-courier", "le-sillon", "barid-al-wahat", "quayside-wire", "faro-norte")
TREE = {
    "world": None,
    "europe": "world",
    "north-africa": "world",
    "morocco": "north-africa",
    "science": None,
    "space": "science",
    "climate": "science",
    "sport": None,
    "مجتمع": None,
}
TAGS = ("Bees", "winter ferry", "Paris, Texas", "élections", "النحل", "-minus", "C++", "a|b")
AUTHORS = ("Noor Haddad", "Émile Lévêque", "سلمى بناني", "O'Neil & Sons <desk>")
_WORDS = {
    "en": "harbour ferry winter bees council strike bridge school festival island report vote "
    "engine market weather river museum library storm tunnel",
    "fr": "port bateau hiver abeilles conseil grève pont école fête île rapport élection moteur "
    "marché météo rivière musée tempête",
    "ar": "ميناء عبارة شتاء نحل مجلس إضراب جسر مدرسة مهرجان جزيرة تقرير انتخابات سوق طقس نهر متحف",
    "es": "puerto barco invierno abejas consejo huelga puente escuela fiesta isla informe voto "
    "motor mercado río museo tormenta",
    "de": "Hafen Fähre Winter Bienen Rat Streik Brücke Schule Fest Insel Bericht Wahl Markt Fluss",
    "zh": "港口 渡輪 冬天 蜜蜂 議會 罷工 橋樑 學校 節日 島嶼 報告 選舉 市場 天氣 河流 博物館",
}


def story_id(number: int) -> str:
    """Return the id of a story of the corpus."""
    return f"01680000-0000-7000-8000-{number:012x}"


def lines() -> bytes:
    """Return all lines for an import, sources and categories first."""
    every = [*_taxonomy(), *_stories()]
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in every)


def _taxonomy() -> Iterator[dict[str, Any]]:
    dated = {"created_at": "2018-12-01T00:00:00Z", "modified_at": "2018-12-01T00:00:00Z"}
    for number, slug in enumerate(SOURCES):
        yield {
            "type": "source",
            "id": story_id(0x10000 + number),
            "slug": slug,
            "name": slug.replace("-", " ").title(),
            "url": f"https://{slug}.example" if number != 4 else None,
            "description": f"Stories of {slug}, “every” day & night." if number % 2 else None,
            "language": _LANGUAGES[number],
            **dated,
        }
    for number, (slug, parent) in enumerate(TREE.items()):
        yield {
            "type": "category",
            "id": story_id(0x20000 + number),
            "slug": slug,
            "name": slug.replace("-", " ").title(),
            "parent": parent,
            "names": {"fr": f"{slug} (fr)", "ar": "قسم"} if number % 2 else {},
            **dated,
        }


def _stories() -> Iterator[dict[str, Any]]:
    chance = random.Random(_SEED)  # noqa: S311
    for number in range(STORIES):
        yield {**_story(number, chance), **_life(number)}


def _story(number: int, chance: random.Random) -> dict[str, Any]:
    language = _LANGUAGES[number % len(_LANGUAGES)]
    words = _WORDS[language.partition("-")[0]].split()
    text = [" ".join(chance.choices(words, k=12)) for _ in range(2 + number % 9)]
    published = _START + timedelta(hours=41 * (number // 2), seconds=number % 7)
    return {
        "type": "article",
        "id": story_id(number),
        "slug": f"story-{number}" if number % 10 else f"قصة-{number}",
        "external_id": f"x-{number}" if number % 4 else None,
        "source": SOURCES[number % 5] if number % 11 else None,
        "categories": chance.sample(sorted(TREE), k=number % 4),
        "language": language,
        "title": f"{' '.join(chance.sample(words, k=4)).capitalize()} & “{number}”",
        "summary": " ".join(chance.choices(words, k=9)) + "." if number % 6 else None,
        "body": _body(number, text),
        "body_format": ("html", "markdown", "text")[number % 3],
        "tags": chance.sample(TAGS, k=number % 3),
        "authors": [
            {"name": author, "url": "https://people.example/1" if number % 2 else None}
            for author in chance.sample(AUTHORS, k=number % 3)
        ],
        "url": f"https://quayside-wire.example/{number}?a=1&b=2" if number % 5 == 1 else None,
        "image": _image(number) if number % 3 == 0 else None,
        "kind": _KINDS[number % len(_KINDS)],
        "dateline": "RABAT" if number % 4 == 0 else None,
        "urgency": 1 + number % 9 if number % 2 else None,
        "rights": {"holder": "Quayside Wire", "usage_terms": "Not for sale."}
        if number % 7
        else None,
        "published_at": published.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status": "published",
    }


def _body(number: int, text: list[str]) -> str:
    if number % 3 == 0:
        inside = f'<a href="/more?x=1&amp;y={number}">more</a> <em>and</em> <script>x()</script>'
        return (
            "".join(f"<p>{paragraph} {inside}</p>" for paragraph in text)
            + "<h2>End</h2><ul><li>1</ul>"
        )
    if number % 3 == 1:
        return (
            "\n\n".join(
                f"**{paragraph[:12]}** {paragraph[12:]} [more](/more)" for paragraph in text
            )
            + "\n\n* 1\n"
        )
    return "\n\n".join(text) + "\n<not html> & more"


def _image(number: int) -> dict[str, Any]:
    whole = {"alt": "A “ferry” & bees", "credit": "N. Haddad", "width": 1600, "height": 900}
    return {"url": f"https://media.example/{number}.jpg", **(whole if number % 2 else {})}


def _life(number: int) -> dict[str, Any]:
    """Return the fields that make some stories drafts, scheduled, held, expired or translations."""
    lives: dict[int, dict[str, Any]] = {
        3: {"status": "draft"},
        8: {"published_at": _FAR},
        13: {"published_at": _FAR, "embargo_until": _FAR},
        21: {"expires_at": "2022-01-01T00:00:00Z"},
        22: {"expires_at": "2098-01-01T00:00:00Z"},
    }
    if number % 30 in (9, 10) and number > 30:
        return {"translation_of": story_id(number - number % 30)}
    return lives.get(number % 30, {})
