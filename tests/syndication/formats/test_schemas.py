"""Each format is valid by the schema of its standard, with all values and with none."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import xmlschema

from app.syndication.formats import FEEDS, STORIES, sitemap
from app.syndication.model.item import Item
from tests.syndication.formats.examples import bare, feed, hostile, item

_GEO = "https://geojson.org/schema/GeoJSON.json"
ITEMS = [item(), bare(), hostile(), bare(body_html=None, body_text=None)]


def test_json_feed_is_valid(shared: Path) -> None:
    schema = _json(shared / "jsonfeed" / "schema-v1.1.json")
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    for hub in (None, "https://hub.example/"):
        validator.validate(json.loads(FEEDS["json"].render(feed(*ITEMS, hub=hub))))
    validator.validate(json.loads(FEEDS["json"].render(feed(next=None))))


def test_ninjs_is_valid(shared: Path) -> None:
    validator = _ninjs(shared)
    for statu in _with_every_status(ITEMS):
        validator.validate(json.loads(STORIES["ninjs"].render(statu)))
    stories = json.loads(FEEDS["ninjs"].render(feed(*ITEMS)))
    assert [story["pubStatus"] for story in stories] == [*(["usable"] * len(ITEMS)), "canceled"]
    for story in stories:
        validator.validate(story)


def test_newsml_is_valid(shared: Path) -> None:
    schema = _xml(str(shared / "newsml-g2" / "NewsML-G2_2.35-spec-All-Power.xsd"))
    for statu in _with_every_status(ITEMS):
        schema.validate(STORIES["newsml"].render(statu))
    schema.validate(FEEDS["newsml"].render(feed(*ITEMS)))
    schema.validate(FEEDS["newsml"].render(feed(withdrawn=[])))
    schema.validate(FEEDS["newsml"].render(feed()))


def test_sitemaps_are_valid(shared: Path) -> None:
    sites, index = (
        _xml(str(shared / "sitemap" / f"{name}.xsd")) for name in ("sitemap", "siteindex")
    )
    sites.validate(sitemap.render_archive(ITEMS))
    part = sitemap.SitemapPart("https://api.example/sitemap-2026-01.xml", "2026-01-13T08:30:00.25Z")
    index.validate(
        sitemap.render_index([part, sitemap.SitemapPart("https://api.example/s.xml?a=1&b=2")])
    )


def test_news_sitemaps_are_valid(shared: Path) -> None:
    schema = xmlschema.XMLSchema(
        str(shared / "sitemap" / "sitemap.xsd"),
        locations={
            "http://www.google.com/schemas/sitemap-news/0.9": str(
                shared / "sitemap" / "sitemap-news.xsd"
            )
        },
    )
    schema.validate(sitemap.render_news(ITEMS, "The Site"))


@pytest.mark.parametrize(
    ("tag", "code"),
    [("en", "en"), ("fr-CA", "fr"), ("zh", "zh-cn"), ("zh-Hant-TW", "zh-tw"), ("zh-HK", "zh-tw")],
)
def test_google_news_languages_have_two_letters(tag: str, code: str) -> None:
    assert sitemap.news_language(tag) == code


def _with_every_status(items: list[Item]) -> list[Item]:
    held = [replace(entry, embargoed_until="2026-02-01T00:00:00Z") for entry in items]
    return [*items, *held, *(replace(entry, canceled=True) for entry in items)]


@cache
def _xml(path: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(path)


def _ninjs(shared: Path) -> jsonschema_rs.Validator:
    geo = _json(shared / "ninjs" / "GeoJSON-schema.json")
    registry = jsonschema_rs.Registry([(_GEO, geo)])
    schema = _json(shared / "ninjs" / "ninjs-schema_3.1.json")
    return jsonschema_rs.validator_for(schema, registry=registry, validate_formats=True)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
