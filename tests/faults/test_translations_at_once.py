"""Stories tied at once: one of each language, and each told of the others."""

from functools import partial

from app.bootstrap import Services
from tests.faults.at_once import at_once
from tests.faults.commandline import assert_sound
from tests.life.log import rows
from tests.newsroom import Newsroom

_LANGUAGES = ("fr", "ar", "de", "es", "it")


def _tie(newsroom: Newsroom, original: str, language: str) -> int:
    document = {
        "title": f"In {language}",
        "language": language,
        "translation_of": original,
        "status": "published",
    }
    return newsroom.call("POST", "/articles", json=document).status_code


def test_of_many_in_one_language_one_is_tied(newsroom: Newsroom, services: Services) -> None:
    original = newsroom.story("English")["id"]
    answers = at_once([partial(_tie, newsroom, original, "fr") for _ in range(5)])
    assert sorted(answers) == [201, 422, 422, 422, 422]
    assert_sound(services.settings.database_url)


def test_followers_hear_of_each_story_after_all_others_came(
    newsroom: Newsroom, services: Services
) -> None:
    original = newsroom.article("English")
    answers = at_once([partial(_tie, newsroom, original["id"], one) for one in _LANGUAGES])
    assert answers == [201] * len(_LANGUAGES)
    ids = [row.id for row in rows(services)]
    fresh = newsroom.call("GET", "/articles?limit=100").json()["data"]
    stories = [one for one in fresh if one["id"] != original["id"]]

    def publish(story: dict[str, str]) -> int:
        path, body = f"/articles/{story['id']}/publish", {"update": "minor"}
        return newsroom.call("POST", path, json=body, headers={"if-match": "*"}).status_code

    for one in stories:
        newsroom.verb(one, "unpublish")
    assert at_once([partial(publish, one) for one in [*stories, original]]) == [200] * 6
    told = rows(services)[len(ids) :]
    came = max(row.serial for row in told if row.reason == "published")
    last = {row.id: row.serial for row in told}
    assert set(last) == {one["id"] for one in [*stories, original]}
    assert min(last.values()) >= came
    assert_sound(services.settings.database_url)
