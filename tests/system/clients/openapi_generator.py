"""What a program does with a client that openapi-generator generated for Python."""

import sys

from dateline_client import (
    AccessApi,
    ApiClient,
    ArticleChange,
    ArticleInput,
    ArticlePatch,
    ChangeReason,
    Configuration,
    Facet,
    HeadlineField,
    KillInput,
    NewsroomArticlesApi,
    ProblemCode,
    PublicationStatus,
    SearchApi,
    StoriesApi,
    SyncApi,
)
from dateline_client.exceptions import ApiException, NotFoundException

client = ApiClient(Configuration(host=sys.argv[1], access_token=sys.argv[2]))
stories, newsroom = StoriesApi(client), NewsroomArticlesApi(client)
assert AccessApi(client).read_me().name

cursor: str | None = None
titles = []
while True:
    page = stories.list_headlines(tag=["bees"], limit=1, cursor=cursor)
    titles += [headline.title for headline in page.data]
    cursor = page.page.next
    if cursor is None:
        break
assert titles == ["Hives", "Frost"], titles
either = stories.list_headlines(category=["world", "-nowhere"], tag=["bees", "other"])
assert len(either.data) == 2, either

assert stories.read_article("hives").body_text == "All eleven."

found = SearchApi(client).search_stories(q="title:hives", facets=[Facet.TAG, Facet.CATEGORY])
assert found.facets["tag"][0].value == "bees" and found.data[0].title == "Hives", found

some = [HeadlineField.TITLE, HeadlineField.SOURCE_DOT_NAME]
part = stories.list_headlines(tag=["bees"], fields=some)
assert (part.data[0].title, part.data[0].slug) == ("Hives", None), part

wrong = newsroom.manage_create_article(
    ArticleInput(title="Wrong", language="en", status=PublicationStatus.PUBLISHED)
)
batch = SyncApi(client).list_changes()
while batch.more:
    batch = SyncApi(client).list_changes(cursor=batch.cursor)
newsroom.manage_kill_article(str(wrong.id), "*", KillInput(notice="It was never said."))
(entry,) = SyncApi(client).list_changes(cursor=batch.cursor).data
killed = entry.actual_instance
assert isinstance(killed, ArticleChange) and killed.reason is ChangeReason.KILLED, killed
assert (killed.notice, killed.document) == ("It was never said.", None), killed

secret = stories.read_article("secret")
assert secret.embargoed and secret.embargo_until is not None, secret

try:
    stories.read_article("nowhere")
except NotFoundException as absent:
    assert absent.data and absent.data.code is ProblemCode.NOT_FOUND
else:
    raise AssertionError("found")

tag = (newsroom.manage_read_article_with_http_info("draft").headers or {})["etag"]
patch = ArticlePatch(summary="Changed by openapi-generator.", urgency=None)
assert newsroom.manage_patch_article("draft", tag, patch).summary == "Changed by openapi-generator."
try:
    newsroom.manage_patch_article("draft", tag, patch)
except ApiException as late:
    assert late.data and late.data.code is ProblemCode.VERSION_MISMATCH
else:
    raise AssertionError("written twice")
