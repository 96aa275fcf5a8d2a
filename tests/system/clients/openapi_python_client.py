"""What a program does with a client that openapi-python-client generated."""

import sys

from dateline_client import AuthenticatedClient
from dateline_client.api.newsroom_articles import (
    manage_create_article,
    manage_kill_article,
    manage_patch_article,
    manage_read_article,
)
from dateline_client.api.search import search_stories
from dateline_client.api.stories import list_headlines, read_article
from dateline_client.api.sync import list_changes
from dateline_client.models import (
    ArticleChange,
    ArticleInput,
    ArticlePatch,
    ArticleWritten,
    ChangeBatch,
    ChangeReason,
    Facet,
    HeadlineField,
    HeadlinePage,
    KillInput,
    ProblemCode,
    ProblemDocument,
    PublicationStatus,
    SearchPage,
    Story,
)
from dateline_client.types import UNSET, Unset

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])

cursor: str | Unset | None = UNSET
titles: list[str | Unset] = []
while cursor is not None:
    page = list_headlines.sync(client=client, tag=["bees"], limit=1, cursor=cursor)
    assert isinstance(page, HeadlinePage), page
    titles += [headline.title for headline in page.data]
    cursor = page.page.next_
assert titles == ["Hives", "Frost"], titles

story = read_article.sync("hives", client=client)
assert isinstance(story, Story) and story.body_text == "All eleven.", story

found = search_stories.sync(client=client, q="title:hives", facets=[Facet.TAG, Facet.CATEGORY])
assert isinstance(found, SearchPage), found
assert found.facets["tag"][0].value == "bees" and found.data[0].title == "Hives", found

some = [HeadlineField.TITLE, HeadlineField.SOURCE_NAME]
part = list_headlines.sync(client=client, tag=["bees"], fields=some)
assert isinstance(part, HeadlinePage) and part.data[0].title == "Hives", part
assert part.data[0].slug is UNSET, part

wrong = manage_create_article.sync(
    client=client,
    body=ArticleInput(title="Wrong", language="en", status=PublicationStatus.PUBLISHED),
)
assert isinstance(wrong, ArticleWritten), wrong
batch = list_changes.sync(client=client)
while isinstance(batch, ChangeBatch) and batch.more:
    batch = list_changes.sync(client=client, cursor=batch.cursor)
assert isinstance(batch, ChangeBatch), batch
order = KillInput(notice="It was never said.")
manage_kill_article.sync(str(wrong.id), client=client, body=order, if_match="*")
batch = list_changes.sync(client=client, cursor=batch.cursor)
assert isinstance(batch, ChangeBatch), batch
(killed,) = batch.data
assert isinstance(killed, ArticleChange) and killed.reason is ChangeReason.KILLED, killed
assert (killed.notice, killed.document) == ("It was never said.", None), killed

secret = read_article.sync("secret", client=client)
assert isinstance(secret, Story) and secret.embargoed is True, secret
assert not isinstance(secret.embargo_until, Unset)

absent = read_article.sync("nowhere", client=client)
assert isinstance(absent, ProblemDocument) and absent.code is ProblemCode.NOT_FOUND, absent

tag = manage_read_article.sync_detailed("draft", client=client).headers["etag"]
patch = ArticlePatch(summary="Changed by a client of attrs.", urgency=None)
written = manage_patch_article.sync("draft", client=client, body=patch, if_match=tag)
assert isinstance(written, ArticleWritten) and written.summary == "Changed by a client of attrs.", (
    written
)
late = manage_patch_article.sync("draft", client=client, body=patch, if_match=tag)
assert isinstance(late, ProblemDocument) and late.code is ProblemCode.VERSION_MISMATCH, late
