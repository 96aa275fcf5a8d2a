"""An archive of both sides, written by the database itself: only its number of rows matters."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from app.kit.clock import to_micros
from app.kit.sql.database import Database

ARTICLES = 20_000
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# All but the last so many are out.
SCHEDULED = 40
NOW = EPOCH + timedelta(minutes=ARTICLES - SCHEDULED) - timedelta(seconds=30)
KEY, HOOK = "key-0", "hook-0"
BIG = (
    *("articles", "article_categories", "article_labels", "revisions", "public_slugs"),
    *("documents", "document_bodies", "document_terms", "changes", "embargoed_changes"),
    *("withdrawn", "redirects", "kept_answers", "audit", "deliveries", "previews", "api_keys"),
)
# A common value, and one of few stories.
COMMON_SOURCE, RARE_SOURCE = "source-1", "source-9"


def article_id(number: int) -> str:
    """Return the id of an article, from 1 on."""
    return f"id-{number:09d}"


def write_archive(database: Database, statistics: str) -> None:
    """Write the archive.

    `statistics` are what PostgreSQL's planner knows of it: `fresh`, `missing`, or `outdated`, as
    of when it had hardly a row.
    """
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        if database.dialect == "postgresql":
            for table in BIG:
                connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
    _fill(database, "few", 1, 2)
    if statistics == "outdated":
        _analyze(database)
    _fill(database, "all", 3, ARTICLES)
    if statistics == "fresh":
        _analyze(database)


def _analyze(database: Database) -> None:
    if database.dialect == "postgresql":
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))


def _fill(database: Database, which: str, first: int, last: int) -> None:
    sqlite = database.dialect == "sqlite"
    numbers = (
        "WITH RECURSIVE numbers(i) AS "
        "(SELECT :first UNION ALL SELECT i + 1 FROM numbers WHERE i < :last)"
        if sqlite
        else "WITH numbers(i) AS (SELECT generate_series(CAST(:first AS int), CAST(:last AS int)))"
    )
    values = {"first": first, "last": last, "epoch": to_micros(EPOCH), "now": to_micros(NOW)}
    with database.engine.begin() as connection:
        if not sqlite:
            # Rows that name each other are written in any case.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        if which == "few":
            for statement in _SMALL:
                connection.execute(text(statement), {"epoch": to_micros(EPOCH)})
        for table, columns in _ROWS.items():
            _insert(connection, numbers, table, columns, values, sqlite=sqlite)


def _insert(
    connection: Connection,
    numbers: str,
    table: str,
    columns: dict[str, str],
    values: dict[str, Any],
    *,
    sqlite: bool,
) -> None:
    rows = ", ".join(_words(value, sqlite=sqlite) for value in columns.values())
    sql = f"{numbers} SELECT {rows} FROM numbers"
    names = ", ".join(columns)
    sql = f"INSERT INTO {table} ({names}) {sql}"
    wanted = {name: value for name, value in values.items() if f":{name}" in sql}
    connection.execute(text(sql), wanted)


def _words(expression: str, *, sqlite: bool) -> str:
    """Return an expression in the words of a dialect."""
    numbered = "printf('%09d', i)" if sqlite else "lpad(CAST(i AS text), 9, '0')"
    json = "" if sqlite else "::json"
    blob = "CAST('x' AS BLOB)" if sqlite else "'x'::bytea"
    # SQLAlchemy takes a colon for a parameter.
    json = json.replace(":", "\\:")
    blob = blob.replace(":", "\\:")
    return (
        expression.replace("ID", f"'id-' || {numbered}")
        .replace("NUMBER", numbered)
        .replace("JSONNULL", "NULL")
        .replace("LIST", f"'[]'{json}")
        .replace("OBJECT", f"'{{}}'{json}")
        .replace("ATTRIBUTES", f"""'{{"published_at":"{_DAY}","updated_at":"{_DAY}"}}'{json}""")
        .replace("BLOB", blob if not sqlite else "CAST('x' AS BLOB)")
    )


_DAY = "2026-01-01T00:00:00Z"
_AT = ":epoch + CAST(i AS bigint) * 60000000"
_SOURCE = "CASE WHEN i % 1000 = 7 THEN 'source-9' ELSE 'source-' || (i % 4) END"
_STAGE = (
    "CASE WHEN i % 2000 = 11 THEN 'killed' WHEN i % 20 = 3 THEN 'draft' "
    "WHEN i % 50 = 5 THEN 'unpublished' ELSE 'published' END"
)
_SMALL = (
    *(
        f"INSERT INTO sources (id, slug, name, version, created_at, modified_at) "
        f"VALUES ('source-{n}', 'source-{n}', 'x', 1, :epoch, :epoch)"
        for n in (0, 1, 2, 3, 9)
    ),
    *(
        f"INSERT INTO categories (id, slug, name, names, version, created_at, modified_at) "
        f"VALUES ('category-{n}', 'category-{n}', 'x', '{{}}', 1, :epoch, :epoch)"
        for n in (0, 1, 2, 3, 9)
    ),
    "INSERT INTO followers (name, serial, noted_at) VALUES ('search', 1, :epoch)",
)
_ROWS: dict[str, dict[str, str]] = {
    "articles": {
        "id": "ID",
        "slug": "'slug-' || i",
        "stage": _STAGE,
        "version": "2",
        "published_version": "2",
        "source_id": _SOURCE,
        "external_id": "'ext-' || i",
        "kind": "CASE WHEN i % 3 = 0 THEN 'opinion' ELSE 'news' END",
        "language": "CASE WHEN i % 4 = 0 THEN 'fr' ELSE 'en' END",
        "title": "'Title ' || i",
        "body": "'" + "words and words " * 20 + "'",
        "body_format": "'plain'",
        "categories": "LIST",
        "tags": "LIST",
        "authors": "LIST",
        "corrections": "LIST",
        "translation_of": "NULL",
        "published_at": _AT,
        "first_published_at": _AT,
        "updated_at": _AT,
        "created_at": _AT,
        "modified_at": _AT,
        "deleted_at": "CASE WHEN i % 500 = 1 THEN :now END",
        "offered_from": _AT,
        "public_from": _AT,
        "time_zone": "CASE WHEN i % 5000 = 1 THEN 'Europe/Paris' END",
        "released": f"{_AT} <= :now",
    },
    "article_categories": {
        "category_id": "CASE WHEN i % 1000 = 7 THEN 'category-9' ELSE 'category-' || (i % 4) END",
        "article_id": "ID",
    },
    "article_labels": {
        "field": "'tag'",
        "value": "CASE WHEN i % 1000 = 7 THEN 'rare' ELSE 'tag-' || (i % 4) END",
        "article_id": "ID",
    },
    "revisions": {
        "article_id": "ID",
        "version": "2",
        "action": "'publish'",
        "at": _AT,
        "actor_name": "'x'",
        "snapshot": "OBJECT",
    },
    "public_slugs": {"type": "'article'", "slug": "'slug-' || i", "id": "ID", "since": _AT},
    "previews": {"id": "'preview-' || i", "article_id": "ID", "expires_at": _AT},
    "documents": {
        "id": "ID",
        "slug": "'slug-' || i",
        "version": "2",
        "released": f"{_AT} <= :now",
        "offered_at": _AT,
        "published_at": _AT,
        "updated_at": _AT,
        "expires_at": f"CASE WHEN i % 2000 = 9 THEN {_AT} + 864000000000000 END",
        "source_id": _SOURCE,
        "language": "CASE WHEN i % 4 = 0 THEN 'fr' ELSE 'en' END",
        "kind": "CASE WHEN i % 3 = 0 THEN 'opinion' ELSE 'news' END",
        "translation_group": "ID",
        "category_ids": "'category-' || (i % 4)",
        "head": "BLOB",
        "tail": "BLOB",
        "extra": "BLOB",
    },
    "document_bodies": {"id": "ID", "body": "BLOB"},
    "document_terms": {
        "field": "'source'",
        "value": _SOURCE,
        "published_at": _AT,
        "id": "ID",
    },
    "document_terms ": {
        "field": "'category'",
        "value": "CASE WHEN i % 1000 = 7 THEN 'category-9' ELSE 'category-' || (i % 4) END",
        "published_at": _AT,
        "id": "ID",
    },
    "document_terms  ": {
        "field": "'tag'",
        "value": "CASE WHEN i % 1000 = 7 THEN 'rare' ELSE 'tag-' || (i % 4) END",
        "published_at": _AT,
        "id": "ID",
    },
    "changes": {
        "at": _AT,
        "type": "'article'",
        "id": "ID",
        "op": "CASE WHEN i % 1000 = 3 THEN 'remove' ELSE 'upsert' END",
        "reason": "'published'",
        "version": "1",
        "before": "JSONNULL",
        "after": "OBJECT",
    },
    "embargoed_changes": {
        "public_serial": "i",
        "at": _AT,
        "id": "'held-' || i",
        "op": "'upsert'",
        "reason": "'published'",
        "version": "1",
        "after": "OBJECT",
    },
    "withdrawn": {
        "id": "'gone-' || i",
        "at": _AT,
        "answer": "'gone'",
        "embargoed": "i < 0",
        "attributes": "ATTRIBUTES",
    },
    "redirects": {"type": "'article'", "slug": "'former-' || i", "id": "ID"},
    "api_keys": {
        "id": "'key-' || (i - 1)",
        "name": "'x'",
        "prefix": "'prefix-' || (i - 1)",
        "digest": "BLOB",
        "scopes": "LIST",
        "embargoed": "i < 0",
        "created_at": _AT,
        "revoked_at": "NULL",
    },
    "kept_answers": {
        "key_id": "'key-0'",
        "idempotency_key": "'idem-' || i",
        "payload_digest": "'x'",
        "status": "201",
        "headers": "OBJECT",
        "body": "BLOB",
        "kept_at": _AT,
        "subject": "ID",
    },
    "audit": {
        "id": "'audit-' || NUMBER",
        "at": _AT,
        "actor_id": "'key-' || (i % 100)",
        "actor_name": "'x'",
        "verb": "CASE WHEN i % 4 = 0 THEN 'create' ELSE 'publish' END",
        "type": "'article'",
        "subject": "ID",
    },
    "deliveries": {
        "id": "'delivery-' || i",
        "kind": "'webhook'",
        "receiver": "'hook-' || (i % 10)",
        "event": "'story.published'",
        "subject": "ID",
        "serial": "i",
        "body": "BLOB",
        "state": "CASE WHEN i % 500 = 1 THEN 'pending' ELSE 'delivered' END",
        "attempts": "1",
        "made_at": _AT,
        "due_at": f"CASE WHEN i % 500 = 1 THEN {_AT} END",
    },
}
