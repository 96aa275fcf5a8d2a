"""The first schema: keys, content, delivery and the change log.

Revision: 0001
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _key(length: int) -> sa.String:
    """Return a text type that both databases compare byte by byte."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create all tables, and the secret that signs cursors if none is configured."""
    op.create_table(
        "api_keys",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("prefix", _key(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("embargoed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_table(
        "categories",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("parent_id", _key(36), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["categories.id"],
            name=op.f("fk_categories_parent_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("slug", name=op.f("uq_categories_slug")),
    )
    op.create_index(op.f("ix_categories_parent_id"), "categories", ["parent_id"], unique=False)
    op.create_table(
        "changes",
        sa.Column(
            "serial",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("id", _key(36), nullable=False),
        sa.Column("op", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_id", "changes", ["type", "id", "serial"], unique=False)
    op.create_index("ix_changes_type", "changes", ["type", "serial"], unique=False)
    op.create_index(
        "ix_changes_removals",
        "changes",
        ["serial"],
        unique=False,
        sqlite_where=sa.text("op = 'remove'"),
        postgresql_where=sa.text("op = 'remove'"),
    )
    op.create_table(
        "documents",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("source_id", _key(36), nullable=True),
        sa.Column("language", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("translation_group", _key(36), nullable=False),
        sa.Column("category_ids", sa.Text(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("tail", sa.LargeBinary(), nullable=False),
        sa.Column("extra", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("slug", name=op.f("uq_documents_slug")),
    )
    op.create_index("ix_documents_expires_at", "documents", ["expires_at"], unique=False)
    op.create_index("ix_documents_published_at", "documents", ["published_at", "id"], unique=False)
    op.create_index(
        "ix_documents_released", "documents", ["released", "published_at"], unique=False
    )
    op.create_index(
        "ix_documents_released_updated", "documents", ["released", "updated_at"], unique=False
    )
    op.create_index(
        "ix_documents_translation_group", "documents", ["translation_group"], unique=False
    )
    op.create_index("ix_documents_updated_at", "documents", ["updated_at", "id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("id", _key(36), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("parent_id", _key(36), nullable=True),
        sa.Column("brief", sa.LargeBinary(), nullable=False),
        sa.Column("whole", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("type", "id", name=op.f("pk_entries")),
    )
    op.create_index("uq_entries_slug", "entries", ["type", "slug"], unique=True)
    op.create_table(
        "followers",
        sa.Column("name", _key(50), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_followers")),
    )
    op.create_table(
        "public_slugs",
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("id", _key(36), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("type", "slug", name=op.f("pk_public_slugs")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_public_slugs_id"), "public_slugs", ["id"], unique=False)
    op.create_table(
        "redirects",
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("id", _key(36), nullable=False),
        sa.PrimaryKeyConstraint("type", "slug", name=op.f("pk_redirects")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "sources",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=100), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("slug", name=op.f("uq_sources_slug")),
    )
    op.create_table(
        "articles",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("slug", _key(200), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("source_id", _key(36), nullable=True),
        sa.Column("external_id", sa.String(length=500), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=1000), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_format", sa.String(length=10), nullable=False),
        sa.Column("body_base", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("image", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("rights", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("corrections", sa.JSON(), nullable=False),
        sa.Column("dateline", sa.String(length=200), nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=True),
        sa.Column("translation_of", _key(36), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("embargo_until", sa.BigInteger(), nullable=True),
        sa.Column("first_published_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("offered_from", sa.BigInteger(), nullable=True),
        sa.Column("public_from", sa.BigInteger(), nullable=True),
        sa.Column("public_until", sa.BigInteger(), nullable=True),
        sa.Column("scheduled_at_local", sa.String(length=19), nullable=True),
        sa.Column("time_zone", sa.String(length=100), nullable=True),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("redirect_to", _key(36), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_articles_source_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["translation_of"],
            ["articles.id"],
            name=op.f("fk_articles_translation_of"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("slug", name=op.f("uq_articles_slug")),
    )
    op.create_index("ix_articles_external_id", "articles", ["external_id"], unique=False)
    op.create_index("ix_articles_modified_at", "articles", ["modified_at", "id"], unique=False)
    op.create_index("ix_articles_published_at", "articles", ["published_at", "id"], unique=False)
    op.create_index("ix_articles_stage", "articles", ["stage", "published_at", "id"], unique=False)
    op.create_index("ix_articles_translation_of", "articles", ["translation_of"], unique=False)
    op.create_index(
        "ix_articles_time_zone",
        "articles",
        ["public_from"],
        unique=False,
        sqlite_where=sa.text("time_zone IS NOT NULL"),
        postgresql_where=sa.text("time_zone IS NOT NULL"),
    )
    op.create_index("uq_articles_external", "articles", ["source_id", "external_id"], unique=True)
    op.create_table(
        "document_bodies",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["id"], ["documents.id"], name=op.f("fk_document_bodies_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_bodies")),
    )
    op.create_table(
        "document_terms",
        sa.Column("field", _key(20), nullable=False),
        sa.Column("value", _key(1000), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("id", _key(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["id"], ["documents.id"], name=op.f("fk_document_terms_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "field", "value", "published_at", "id", name=op.f("pk_document_terms")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_document_terms_id", "document_terms", ["id", "field", "value"], unique=False
    )
    op.create_table(
        "kept_answers",
        sa.Column("key_id", _key(36), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("payload_digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", _key(36), nullable=True),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_kept_answers_key_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_id", "idempotency_key", name=op.f("pk_kept_answers")),
    )
    op.create_index("ix_kept_answers_kept_at", "kept_answers", ["kept_at"], unique=False)
    op.create_index("ix_kept_answers_subject", "kept_answers", ["subject"], unique=False)
    op.create_table(
        "article_categories",
        sa.Column("category_id", _key(36), nullable=False),
        sa.Column("article_id", _key(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_article_categories_article_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["categories.id"],
            name=op.f("fk_article_categories_category_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("category_id", "article_id", name=op.f("pk_article_categories")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_article_categories_article_id"), "article_categories", ["article_id"], unique=False
    )
    op.create_table(
        "article_labels",
        sa.Column("field", _key(10), nullable=False),
        sa.Column("value", _key(1000), nullable=False),
        sa.Column("article_id", _key(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_article_labels_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("field", "value", "article_id", name=op.f("pk_article_labels")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_article_labels_article_id"), "article_labels", ["article_id"], unique=False
    )
    op.create_table(
        "revisions",
        sa.Column("article_id", _key(36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", _key(36), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_revisions_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", "version", name=op.f("pk_revisions")),
    )
    op.create_table(
        "previews",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("article_id", _key(36), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_previews_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_previews")),
    )
    op.create_index(op.f("ix_previews_article_id"), "previews", ["article_id"], unique=False)
    op.create_table(
        "withdrawn",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("redirect_to", _key(36), nullable=True),
        sa.Column("embargoed", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawn")),
    )
    op.create_table(
        "audit",
        sa.Column("id", _key(36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", _key(36), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=100), nullable=True),
        sa.Column("request_id", sa.String(length=100), nullable=True),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("subject", _key(36), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_actor", "audit", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_subject", "audit", ["subject", "id"], unique=False)
    table = sa.table("secrets", sa.column("name"), sa.column("value"))
    op.bulk_insert(table, [{"name": "signing", "value": secrets.token_urlsafe(32)}])


def downgrade() -> None:
    """Drop all tables."""
    op.drop_table("audit")
    op.drop_table("withdrawn")
    op.drop_table("previews")
    op.drop_table("revisions")
    op.drop_table("article_labels")
    op.drop_table("article_categories")
    op.drop_table("kept_answers")
    op.drop_table("document_terms")
    op.drop_table("document_bodies")
    op.drop_table("articles")
    op.drop_table("sources")
    op.drop_table("secrets")
    op.drop_table("redirects")
    op.drop_table("public_slugs")
    op.drop_table("followers")
    op.drop_table("entries")
    op.drop_table("documents")
    op.drop_table("changes")
    op.drop_table("categories")
    op.drop_table("api_keys")
