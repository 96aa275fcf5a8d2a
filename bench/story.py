"""A synthetic story, as a line to import or as a body to send."""

import random
from datetime import datetime

from bench.generated_taxonomy import Line, Taxonomy
from bench.generated_text import GeneratedLanguage


def make_story(world: Taxonomy, rng: random.Random, number: int, moment: datetime) -> Line:
    """Return a generated published story; its `number` makes it unique."""
    language = world.languages.draw(rng)
    speech = world.tongues[language]
    source = world.sources.draw(rng)
    return {
        "type": "article",
        "external_id": f"story-{number + 1}",
        "source": source["slug"],
        "categories": [
            line["slug"] for line in world.categories.draw_several(rng, rng.choice(_MANY))
        ],
        "kind": world.kinds.draw(rng),
        "language": language,
        "title": speech.phrase(rng, rng.randint(6, 11)),
        "summary": " ".join(rng.choices(speech.sentences, k=2)),
        "body": _body(speech, rng, world.shape.body_bytes),
        "url": f"{source['url']}/{moment:%Y/%m/%d}/{number + 1}",
        "tags": world.tags.draw_several(rng, rng.randint(0, 5)),
        "authors": [{"name": name} for name in world.bylines.draw_several(rng, rng.randint(0, 2))],
        "image": _image(speech, rng, number),
        "dateline": world.tongues["en"].phrase(rng, 1).upper(),
        "urgency": rng.randint(1, 9),
        "published_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status": "published",
    }


_MANY = (1, 2, 2, 3)


def _image(speech: GeneratedLanguage, rng: random.Random, number: int) -> Line | None:
    if rng.random() < 0.4:
        return None
    return {
        "url": f"https://images.example/{number + 1}.jpg",
        "alt": speech.phrase(rng, 8),
        "credit": "Example Pictures",
        "width": 1200,
        "height": 800,
    }


def _body(speech: GeneratedLanguage, rng: random.Random, lengths: tuple[int, int]) -> str:
    usual, longest = lengths
    length = rng.triangular(usual, longest, usual)
    parts: list[str] = []
    size = 0
    while size < length - 100:
        parts.append(_paragraph(speech, rng, len(parts)))
        size += len(parts[-1].encode())
    return "\n".join(parts)


def _paragraph(speech: GeneratedLanguage, rng: random.Random, position: int) -> str:
    text = " ".join(rng.choices(speech.sentences, k=rng.randint(2, 4)))
    if position % 4 == 3:
        return f"<h2>{speech.phrase(rng, 4)}</h2>\n<p>{text}</p>"
    if position % 3 == 1:
        address = f"https://links.example/{rng.randrange(10_000)}"
        link = f'<a href="{address}">{speech.phrase(rng, 3)}</a>'
        return f"<p>{text} {link} <em>{speech.phrase(rng, 2)}</em>.</p>"
    return f"<p>{text}</p>"
