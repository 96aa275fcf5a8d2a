"""The application: the latest stories, one story by its slug, and creating a story."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import defer, selectinload

from bench.idiomatic.models import Article, Category, Source
from bench.idiomatic.schemas import ArticleIn, Headlines, Story
from bench.pragmas import PRAGMAS


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    """Open a session for one request."""
    sessions: async_sessionmaker[AsyncSession] = request.app.state.sessions
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(session_of)]
Limit = Annotated[int, Query(ge=1, le=100)]

_PUBLISHED = select(Article).where(Article.status == "published")
_WITH_RELATIONS = (selectinload(Article.source), selectinload(Article.categories))


def create() -> FastAPI:
    """Build the application on the database that the environment names."""
    app = FastAPI(title="Idiomatic")
    engine = create_async_engine(os.environ["IDIOMATIC_DATABASE"])
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", prepare)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    app.get("/headlines", response_model=Headlines)(headlines)
    app.get("/articles/{slug}", response_model=Story)(article)
    app.post("/articles", response_model=Story, status_code=201)(create_article)
    return app


def prepare(connection: Any, _record: object) -> None:
    """Set the same pragmas on a new connection as Dateline does."""
    for pragma in PRAGMAS:
        connection.execute(pragma)


async def headlines(session: Session, limit: Limit = 20) -> dict[str, object]:
    """Return the latest stories."""
    statement = (
        _PUBLISHED.options(*_WITH_RELATIONS, defer(Article.body_html))
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(limit)
    )
    return {"data": (await session.scalars(statement)).all()}


async def article(slug: str, session: Session) -> Article:
    """Return one story."""
    statement = _PUBLISHED.options(*_WITH_RELATIONS).where(Article.slug == slug)
    row = await session.scalar(statement)
    if row is None:
        raise HTTPException(404, "No such article")
    return row


async def create_article(order: ArticleIn, session: Session) -> Article:
    """Publish a story."""
    source = await session.scalar(select(Source).where(Source.slug == order.source))
    named = select(Category).where(Category.slug.in_(order.categories))
    categories = (await session.scalars(named)).all()
    if source is None or len(categories) < len(set(order.categories)):
        raise HTTPException(422, "No such source or category")
    now = datetime.now(UTC)
    story = Article(
        **order.model_dump(exclude={"external_id", "body", "source", "categories"}),
        slug=order.external_id,
        version=1,
        published_at=now,
        updated_at=now,
        body_html=order.body,
        source=source,
        categories=list(categories),
    )
    session.add(story)
    await session.commit()
    return story
