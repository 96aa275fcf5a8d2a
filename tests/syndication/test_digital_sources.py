"""Digital source types of stories and pictures, from the newsroom to every format."""

import json
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from app.content.digital_source_types import DigitalSourceType
from tests.api.reading import read
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import fetch

CODES = get_args(DigitalSourceType)
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
G2 = "{http://iptc.org/std/nar/2006-10-01/}"
IMAGE = {"url": "https://site.example/a.jpg"}


@pytest.fixture
def story(newsroom: Newsroom) -> dict[str, Any]:
    """A story by a model, with a picture by a camera."""
    picture = {**IMAGE, "digital_source_type": "digitalCapture"}
    return newsroom.story(
        "Bees", digital_source_type="trainedAlgorithmicMedia", image=picture, body="<p>A.</p>"
    )


def test_editors_read_and_change_digital_source_types(
    newsroom: Newsroom, story: dict[str, Any]
) -> None:
    assert story["digital_source_type"] == "trainedAlgorithmicMedia"
    assert story["image"]["digital_source_type"] == "digitalCapture"
    same = newsroom.patch(story, digital_source_type="trainedAlgorithmicMedia")
    assert same["version"] == story["version"]
    patched = newsroom.patch(story, digital_source_type=None, image={"digital_source_type": None})
    assert patched["digital_source_type"] is None
    assert patched["image"] == {
        **dict.fromkeys(("alt", "credit", "width", "height", "digital_source_type")),
        **IMAGE,
    }
    compared = newsroom.call("GET", f"/articles/{story['id']}/revisions/2?diff=1")
    assert {change["field"] for change in compared.json()["changes"]} == {
        "digital_source_type",
        "image",
    }


def test_a_story_without_a_digital_source_type_has_null(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.story("None", image=IMAGE)
    assert story["digital_source_type"] is story["image"]["digital_source_type"] is None
    shown = read(client, "/v1/articles/none")
    assert shown["digital_source_type"] is shown["image"]["digital_source_type"] is None
    assert newsroom.patch(story, urgency=None)["version"] == story["version"]
    for ext in ("ninjs", "newsml", "jsonld", "md"):
        assert b"digital" not in fetch(client, f"/v1/articles/none.{ext}").lower()


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_vocabulary_is_accepted(newsroom: Newsroom, code: str) -> None:
    picture = {**IMAGE, "digital_source_type": code}
    story = newsroom.article(digital_source_type=code, image=picture)
    assert story["digital_source_type"] == story["image"]["digital_source_type"] == code


@pytest.mark.parametrize("code", ["", "AI", "TrainedAlgorithmicMedia", f"{IPTC}print", 7])
def test_an_unknown_digital_source_type_is_refused(newsroom: Newsroom, code: object) -> None:
    for fields, pointer in (
        ({"digital_source_type": code}, "#/digital_source_type"),
        ({"image": {**IMAGE, "digital_source_type": code}}, "#/image/digital_source_type"),
    ):
        document = {"title": "T", "language": "en", **fields}
        response = newsroom.call("POST", "/articles", json=document)
        (error,) = response.json()["errors"]
        assert (response.status_code, error["pointer"]) == (422, pointer)
        assert error["code"] == "not_allowed"


def test_readers_see_the_type_in_the_full_form_and_at_the_image(
    client: TestClient, story: dict[str, Any]
) -> None:
    shown = read(client, f"/v1/articles/{story['slug']}")
    assert shown["digital_source_type"] == "trainedAlgorithmicMedia"
    assert shown["image"]["digital_source_type"] == "digitalCapture"
    listed = read(client, "/v1/headlines?fields=image.digital_source_type")["data"]
    assert listed == [{"image": {"digital_source_type": "digitalCapture"}}]


def test_ninjs_contains_the_digital_source_type(client: TestClient, story: dict[str, Any]) -> None:
    alone = json.loads(fetch(client, f"/v1/articles/{story['slug']}.ninjs"))
    (listed,) = json.loads(fetch(client, "/feeds/latest.ninjs"))
    for shown in (alone, listed):
        assert shown["digitalSourceType"] == {"uri": f"{IPTC}trainedAlgorithmicMedia"}
        (picture,) = shown["associations"]
        assert picture["digitalSourceType"] == {"uri": f"{IPTC}digitalCapture"}


def test_newsml_contains_the_digital_source_type(client: TestClient, story: dict[str, Any]) -> None:
    root = ElementTree.fromstring(fetch(client, f"/v1/articles/{story['slug']}.newsml"))
    element = root.find(f"{G2}contentMeta/{G2}digitalSourceType")
    assert element is not None
    assert element.get("uri") == f"{IPTC}trainedAlgorithmicMedia"


def test_json_ld_contains_the_digital_source_type(
    client: TestClient, story: dict[str, Any]
) -> None:
    shown = json.loads(fetch(client, f"/v1/articles/{story['slug']}.jsonld"))
    assert shown["digitalSourceType"] == "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
    picture = shown["image"]["digitalSourceType"]
    assert picture == "https://schema.org/DigitalCaptureDigitalSource"


def test_markdown_contains_the_digital_source_type(
    client: TestClient, story: dict[str, Any]
) -> None:
    text = fetch(client, f"/v1/articles/{story['slug']}.md").decode()
    assert '\ndigital_source_type: "trainedAlgorithmicMedia"\n' in text.partition("\n---")[0] + "\n"


def test_an_export_contains_the_digital_source_type(
    newsroom: Newsroom, story: dict[str, Any]
) -> None:
    answer = newsroom.call("GET", "/export")
    (line,) = [
        json.loads(splitline) for splitline in answer.text.splitlines() if '"article"' in splitline
    ]
    assert line["digital_source_type"] == "trainedAlgorithmicMedia"
    assert line["image"]["digital_source_type"] == "digitalCapture"
    line |= {"digital_source_type": "humanEdits", "id": None, "slug": "other", "external_id": "2"}
    headers = {"content-type": "application/x-ndjson"}
    done = newsroom.call("POST", "/import", content=json.dumps(line), headers=headers)
    assert done.is_success, done.text
    other = newsroom.call("GET", "/articles/other").json()
    assert other["digital_source_type"] == "humanEdits"
    assert other["image"]["digital_source_type"] == "digitalCapture"
    assert other["id"] != story["id"]


def test_a_correction_changes_the_digital_source_type(
    newsroom: Newsroom, client: TestClient, story: dict[str, Any]
) -> None:
    changes = {"digital_source_type": "compositeWithTrainedAlgorithmicMedia"}
    newsroom.verb(story, "correct", note="A person wrote half of it.", changes=changes)
    shown = read(client, f"/v1/articles/{story['slug']}")
    assert shown["digital_source_type"] == "compositeWithTrainedAlgorithmicMedia"
