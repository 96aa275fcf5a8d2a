"""Record the public API: every path, with its parameters, formats, encodings and errors."""

import json
from collections.abc import Iterable, Iterator
from itertools import product

from tools.answers import corpus
from tools.answers.recorder import Recorder
from tools.answers.wire import Answer

FEEDS = ("rss", "atom", "json", "ninjs", "newsml", "csv")
FORMATS = ("ninjs", "newsml", "jsonld", "md")
READERS = ("", "read", "embargoed", "write", "publish", "admin", "revoked", "expired", "dl_wrong")
CODINGS = ("gzip", "br", "zstd", "br;q=0.5, gzip;q=0.9", "identity;q=0, *", "deflate")
_FIRST = corpus.story_id(1)
FILTERS = (
    *tuple(
        "category=world category=world,-europe category=-science "
        "category=world&category=europe category=%D9%85%D8%AC%D8%AA%D9%85%D8%B9 "
        "source=quayside-wire source=-le-sillon,-faro-norte source=le-sillon,quayside-wire "
        "language=en language=fr language=-fr language=ar,zh-Hant language=FR-ca tag=bees "
        "tag=BEES tag=winter+ferry tag=Paris%5C,+Texas tag=%5C-minus tag=C%2B%2B "
        "tag=%C3%89lections author=noor+haddad author=-No+One kind=news kind=analysis,opinion "
        "kind=-news published_after=2020-01-01 published_before=2019-06-01T00:00:00Z "
        "updated_after=2019-05-05 published_after=2019-03-01&published_before=2019-04-01 "
        "updated_before=2100-01-01 category=world&language=en&kind=news "
        "category=sport&source=le-sillon&sort=published_at".split()
    ),
    f"ids={_FIRST}",
    f"ids={_FIRST},{corpus.story_id(2)},{corpus.story_id(3)}",
)
_SORTS = ("-published_at", "published_at", "-updated_at", "updated_at")
_SHAPES = tuple(
    "limit=1 limit=20 limit=100 count=exact count=estimated fields=title "
    "fields=title,source.name fields=id,categories.name,image.url names_in=fr "
    "names_in=ar,fr one_per_story=true one_per_story=true&prefer=fr,en "
    "one_per_story=true&language=fr,en limit=3&sort=published_at "
    "count=exact&category=world fields=body_html".split()
)
_WRONG = tuple(
    "limt=1 limit=0 limit=101 limit=x limit= limit=1&limit=2 sort=newest count=all "
    "cursor=abc category=wrold category= source=nobody language=english kind=News tag= "
    "ids=1 fields=titel fields=source.nam published_after=yesterday "
    "published_after=2020-13-01 names_in=x_y one_per_story=maybe prefer=fr include=bodies "
    "tree=true q=bees %ff=1 tag=%ff a=1&b=2 published_before=0000-01-01 "
    "cursor=BPcNTpOz96vRFQX8WyI4NTUxMjVjMzNlMDIyYjJmIixmYWxzZSwxXQ".split()
)
_SEARCHES = (
    *tuple(
        "q=harbour q=harbour+ferry q=%22winter+bees%22 q=harbor q=f%C3%AAte q=fete "
        "q=%D9%86%D8%AD%D9%84 q=%E8%9C%9C%E8%9C%82 q=bees+-ferry q=zzzz q= q=story-7 "
        "q=haddad&limit=5 q=ferry&highlight=true "
        "q=ferry&facets=category,source,language,tag,kind,published_month "
        "q=ferry&sort=-published_at q=ferry&sort=published_at&limit=4 q=ferry&sort=updated_at "
        "q=ferry&count=exact q=%22 q=a%00b q=ferry&language=en&category=world&highlight=true "
        "q=ferry&fields=title,score q=title:ferry q=ferry+OR+bees q=hav* facets=category "
        "facets=nothing highlight=maybe q=winter&refresh=wait "
        "q=winter&names_in=fr&facets=category qq=1 sort=relevance q=abeilles&limit=2".split()
    ),
    f"q={corpus.story_id(7)}",
)
_SUGGESTIONS = tuple(
    "q=har q=b q=win q=wo q=qu q=%D9%86 q=zzz q= q=har&limit=2 limit=0 x=1".split()
)
_REFS = (
    *tuple(f"story-{number}" for number in range(1, 60) if number % 10),
    *(corpus.story_id(number) for number in (0, 3, 8, 13, 21, 40, 42, 45, 54, 56, 57)),
    "%D9%82%D8%B5%D8%A9-10",
    "story-56-renamed",
    "STORY-1",
    "nothing",
    corpus.story_id(16777215),
    "a%20b",
    "%ff",
    "x" * 300,
)
_CHANGES = tuple(
    "limit=1 limit=5 limit=1000 category=world&limit=3 language=fr&limit=4 cursor=abc "
    "limit=0 limit=1001 wait=61 wait=x sort=published_at".split()
)
_SYSTEM = tuple(
    "/healthz /readyz /robots.txt /.well-known/api-catalog /openapi.json /docs /v1/me "
    "/sitemap.xml /sitemap-news.xml /sitemap-2019-01.xml /sitemap-2019-07.xml "
    "/sitemap-2030-01.xml /sitemap-x.xml /sitemap-2019-01-2.xml / /v1 /v1/ /v1/nothing "
    "/feeds /feeds/ /feeds/latest /hub /v1/headlines/ /v1/stories /problems/nothing "
    "/favicon.ico /feeds/latest.pdf /feeds/tags/nothing.rss /metrics "
    "/feeds/categories/nothing.rss /feeds/languages/english.rss /feeds/sources/x.atom "
    "/v1/manage /v1/manage/articles /v1/articles/story-1/nothing /v1/articles/story-1.pdf".split()
)
_PROBLEMS = (
    "malformed_json bad_parameter bad_cursor malformed_request bad_header bad_host bad_origin "
    "key_required key_refused forbidden not_found gone killed cursor_too_old method_not_allowed "
    "conflict slug_taken in_use wrong_state version_mismatch body_too_large invalid_input internal "
    "unsupported_media_type version_required head_too_large too_many_listeners database_busy"
).split()
# One of each kind, for tests that concern all paths.
SAMPLE = (
    "/v1/headlines",
    "/v1/headlines?category=world&limit=5",
    "/v1/articles?limit=4&include=body",
    "/v1/articles/story-1",
    "/v1/articles/story-2?fields=title,body_html",
    "/v1/articles/story-1/related",
    "/v1/articles/story-6.ninjs",
    "/v1/articles/story-6.md",
    f"/v1/articles/{corpus.story_id(13)}",
    f"/v1/articles/{corpus.story_id(8)}",
    f"/v1/articles/{corpus.story_id(43)}",
    f"/v1/articles/{corpus.story_id(40)}",
    f"/v1/articles/{corpus.story_id(42)}",
    "/v1/articles/story-45",
    "/v1/articles/nothing",
    "/v1/sources",
    "/v1/sources/le-sillon",
    "/v1/categories?tree=true",
    "/v1/categories/world",
    "/v1/search?q=ferry&limit=5&facets=category",
    "/v1/suggest?q=har",
    "/v1/me",
    *(f"/feeds/latest.{ext}?limit=5" for ext in FEEDS),
    "/feeds/search.rss?q=ferry",
    "/sitemap.xml",
    "/sitemap-2019-02.xml",
    "/robots.txt",
    "/v1/headlines?limt=1",
)


def targets() -> Iterator[str]:
    """Yield every target that is read, once."""
    queries = ("", *FILTERS, *_SHAPES, *(f"sort={sort}" for sort in _SORTS), *_WRONG)
    for path, query in product(("/v1/headlines", "/v1/articles"), queries):
        yield f"{path}?{query}" if query else path
    yield "/v1/articles?include=body&limit=7"
    for ref in _REFS:
        yield f"/v1/articles/{ref}"
    for ref, query in product(_REFS[:12], ("fields=title,body_text", "names_in=fr", "limit=1")):
        yield f"/v1/articles/{ref}?{query}"
    for ref, ext in product((*_REFS[:9], *_REFS[36:54]), FORMATS):
        yield f"/v1/articles/{ref}.{ext}"
    for ref in _REFS[:14]:
        yield f"/v1/articles/{ref}/related"
    yield from ("/v1/articles/story-1/related?limit=2&language=fr", "/v1/articles/x/related")
    yield from _taxonomy()
    yield from (f"/v1/search?{query}" for query in _SEARCHES)
    yield from (f"/v1/suggest?{query}" for query in _SUGGESTIONS)
    yield from ("/v1/changes", *(f"/v1/changes?{query}" for query in _CHANGES))
    yield from feeds()
    yield from _SYSTEM
    yield from (f"/problems/{code}" for code in _PROBLEMS)


def feeds() -> Iterator[str]:
    """Yield feeds of every kind in every format."""
    paths = (
        "latest categories/world categories/%D9%85%D8%AC%D8%AA%D9%85%D8%B9 sources/le-sillon "
        "sources/quayside-wire languages/fr languages/zh-Hant tags/bees tags/winter-ferry"
    ).split()
    queries = ("limit=3", "category=world,-europe", "sort=published_at", "one_per_story=true")
    for ext in FEEDS:
        yield from (f"/feeds/{path}.{ext}" for path in paths)
        yield from (f"/feeds/latest.{ext}?{query}" for query in (*queries, *_WRONG[:6]))
        yield from (f"/feeds/search.{ext}?{query}" for query in ("q=ferry", "q=bees&limit=2", ""))


def _taxonomy() -> Iterator[str]:
    for path in ("/v1/sources", "/v1/categories"):
        queries = (
            "limit=2 count=exact fields=slug,name fields=x names_in=fr tree=true tree=x limit=0"
        )
        yield from (path, *(f"{path}?{query}" for query in queries.split()))
    yield from (f"/v1/sources/{slug}" for slug in (*corpus.SOURCES, "nobody"))
    yield from (f"/v1/categories/{slug}" for slug in ("world", "morocco", "nothing"))
    yield f"/v1/sources/{corpus.story_id(0x10000)}?fields=name"
    yield "/v1/categories/morocco?names_in=ar"


def record_twice(recorder: Recorder, every: Iterable[str]) -> None:
    """Read each target twice: first computed, then from the cache."""
    for target in every:
        recorder.get(target)
        recorder.get(target)


def record_readers(recorder: Recorder, every: Iterable[str] = SAMPLE) -> None:
    """Read as every kind of reader."""
    for reader, target in product(READERS, every):
        recorder.get(target, reader)
    for target in ("/v1/headlines?limit=1", "/v1/manage/articles?limit=1", "/healthz"):
        for value in ("Basic eDp5", "Bearer", "Bearer a b", "dl_x"):
            recorder.get(target, Authorization=value)
        for value in ("dl_wrong", recorder.key("read"), recorder.key("admin")):
            recorder.get(target, X_Api_Key=value)
            recorder.get(target, X_Api_Key=value, Authorization="Basic eDp5")


def record_conditions(recorder: Recorder) -> None:
    """Read in every encoding, as HEAD, and again with the received validators."""
    for target in SAMPLE:
        recorder.ask("HEAD", target)
        for coding in ("identity", *CODINGS):
            answer = recorder.get(target, Accept_Encoding=coding)
            tag, changed = answer.header("etag"), answer.header("last-modified")
            if tag is not None:
                _ask_again(recorder, target, coding, tag)
            if changed is not None:
                recorder.get(target, Accept_Encoding=coding, If_Modified_Since=changed)
        recorder.get(target, If_None_Match="*")
        recorder.get(target, If_Modified_Since="Tue, 01 Jan 2019 00:00:00 GMT")
        recorder.get(target, If_None_Match="garbage")
        recorder.get(target, Range="bytes=0-9")


def _ask_again(recorder: Recorder, target: str, coding: str, tag: str) -> None:
    recorder.get(target, Accept_Encoding=coding, If_None_Match=tag)
    recorder.get(target, Accept_Encoding=coding, If_None_Match=f'"other", W/{tag}')
    recorder.ask("HEAD", target, headers={"Accept-Encoding": coding, "If-None-Match": tag})


def record_methods(recorder: Recorder) -> None:
    """Use other methods, origins and media types."""
    preflight = {"Origin": "https://site.example", "Access-Control-Request-Method": "GET"}
    for target in (*SAMPLE, "/v1/manage/articles", "/v1/changes", "/healthz", "/nothing"):
        for method in ("OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            recorder.ask(method, target)
        recorder.ask("OPTIONS", target, headers=preflight)
        recorder.get(target, Origin="https://site.example")
        recorder.get(target, Host="other.example")
    types = (
        "application/rss+xml application/atom+xml application/feed+json application/ninjs+json "
        "application/vnd.iptc.g2.newsmessage+xml text/csv application/ld+json text/markdown */* "
        "text/html application/json;q=0.1,application/atom+xml;q=0.9 image/png nonsense"
    ).split()
    paths = ("/v1/headlines?limit=2", "/v1/articles?limit=2", "/v1/search?q=ferry&limit=2")
    for target, accept in product((*paths, "/v1/articles/story-1", "/v1/sources"), types):
        recorder.get(target, Accept=accept)
    for language in ("fr", "ar, en;q=0.5", "*"):
        recorder.get("/v1/headlines?one_per_story=true&limit=5", Accept_Language=language)


def record_pages(recorder: Recorder) -> None:
    """Follow cursors in both directions."""
    lists = (
        *(f"/v1/headlines?limit=40&sort={sort}" for sort in _SORTS),
        "/v1/articles?limit=30&category=world",
        "/v1/headlines?limit=25&one_per_story=true",
        "/v1/search?q=ferry&limit=9",
        "/v1/search?q=ferry&limit=9&sort=published_at",
        "/v1/sources?limit=2",
        "/v1/categories?limit=3",
    )
    for target in lists:
        last = _follow(recorder, target, "next", 6)
        _follow(recorder, target, "prev", 3, last)
    for target in ("/v1/changes?limit=150", "/v1/changes?limit=20&language=fr"):
        answer = recorder.get(target)
        for _ in range(5):
            cursor = json.loads(answer.body)["cursor"]
            answer = recorder.ask("GET", f"/v1/changes?cursor={cursor}", name=f"{target}, next")
    for target in ("/feeds/latest.atom?limit=50", "/feeds/categories/world.atom"):
        answer = recorder.get(target)
        for _ in range(4):
            linked = _find_link(answer, "prev-archive")
            if linked is not None:
                answer = recorder.ask("GET", linked, name=f"{target}, prev-archive")
    recorder.listen("/v1/stream", 1)
    recorder.get("/v1/stream?cursor=abc")


def last_cursor(recorder: Recorder) -> str:
    """Return the position of a complete copy."""
    target = "/v1/changes?limit=1000"
    facts = json.loads(recorder.get(target).body)
    while facts["more"]:
        answer = recorder.ask("GET", f"{target}&cursor={facts['cursor']}", name=f"{target}, next")
        facts = json.loads(answer.body)
    return str(facts["cursor"])


def record_changes(recorder: Recorder, cursor: str) -> None:
    """Read the changes after a position, and search for stories that the index may not have yet."""
    for path in ("/v1/changes?limit=1000", "/v1/changes?limit=7"):
        recorder.ask("GET", f"{path}&cursor={cursor}", name=f"{path}, changed")
        recorder.ask("GET", f"{path}&cursor={cursor}", "embargoed", name=f"{path}, changed")
    recorder.listen(f"/v1/stream?cursor={cursor}", 8, name="/v1/stream, changed")
    for order, query in product(("-published_at", "published_at"), ("bees", "new", "changed")):
        recorder.get(f"/v1/search?q={query}&sort={order}&limit=50&count=exact")


def _follow(
    recorder: Recorder, target: str, way: str, pages: int, answer: Answer | None = None
) -> Answer:
    answer = answer or recorder.get(target)
    for _ in range(pages):
        cursor = json.loads(answer.body)["page"][way]
        if cursor is None:
            break
        answer = recorder.ask("GET", f"{target}&cursor={cursor}", name=f"{target}, {way}")
    return answer


def _find_link(answer: Answer, relation: str) -> str | None:
    for part in answer.body.decode().split("<link ")[1:]:
        if f'rel="{relation}"' in part.partition(">")[0]:
            address = part.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
            return "/" + address.split("/", 3)[3]
    return None
