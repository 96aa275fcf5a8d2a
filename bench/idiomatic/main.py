"""The application: the latest stories, and one story by its slug."""

import os
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import defer, selectinload

from bench.idiomatic.models import Article
from bench.idiomatic.schemas import Headlines, Story


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
    engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['IDIOMATIC_DATABASE']}")
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    app.get("/headlines", response_model=Headlines)(headlines)
    app.get("/articles/{slug}", response_model=Story)(article)
    return app


async def headlines(session: Session, limit: Limit = 20) -> dict[str, object]:
    """Answer the latest stories."""
    statement = (
        _PUBLISHED.options(*_WITH_RELATIONS, defer(Article.body_html))
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(limit)
    )
    return {"data": (await session.scalars(statement)).all()}


async def article(slug: str, session: Session) -> Article:
    """Answer one story."""
    statement = _PUBLISHED.options(*_WITH_RELATIONS).where(Article.slug == slug)
    found = await session.scalar(statement)
    if found is None:
        raise HTTPException(404, "No such article")
    return found
