"""Edit a category, or move it below another one."""

from dataclasses import replace
from typing import Any

from app.content import store
from app.content.article_fields import require_free_slug
from app.content.commands.create_category import check_depth, find_parent_id
from app.content.editing import ExpectedVersions, apply_patch, apply_replacement, lock_category
from app.content.events import CategorySaved
from app.content.inputs import CategoryInput
from app.content.locks import CATEGORY_TREE
from app.content.references import ReferenceResolver
from app.content.taxonomy import Category, to_fields
from app.content.views import build_category_view
from app.kit.errors import InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork


def replace_category(
    unit: UnitOfWork, ref: str, document: dict[str, Any], expected: ExpectedVersions
) -> Category:
    """Replace the writable fields of a category by a document."""
    category = lock_category(unit, ref, expected)
    fields = apply_replacement("category", _build_view(unit, category), document)
    return rewrite_category(unit, category, CategoryInput.read(fields))


def patch_category(
    unit: UnitOfWork, ref: str, patch: dict[str, Any], expected: ExpectedVersions
) -> Category:
    """Apply a merge patch (RFC 7396) to the writable fields of a category."""
    category = lock_category(unit, ref, expected)
    fields = apply_patch("category", _build_view(unit, category), patch)
    return rewrite_category(unit, category, CategoryInput.read(fields))


def rewrite_category(unit: UnitOfWork, category: Category, written: CategoryInput) -> Category:
    """Write an input over a category; an unchanged input writes nothing."""
    after = replace(
        category,
        slug=written.slug or category.slug,
        name=written.name,
        names=written.names,
        parent_id=find_parent_id(unit, written),
    )
    if after == category:
        return category
    renamed = after.slug != category.slug
    if renamed:
        require_free_slug(unit.session, "category", after.slug, but_for=category.id)
    moved = after.parent_id != category.parent_id
    if moved:
        _check_move(unit, after)
    after = replace(after, version=category.version + 1, modified_at=unit.now)
    store.save_category(unit.session, after, new=False)
    store.keep_public_slugs(unit.session, "category", [(after.slug, after.id)], unit.now)
    unit.audit("edited", "category", after.id, to_fields(category), to_fields(after))
    unit.events.append(CategorySaved(after, moved=moved, renamed=renamed))
    return after


def _check_move(unit: UnitOfWork, category: Category) -> None:
    """Refuse a cycle; the lock prevents two concurrent moves from making one together."""
    unit.session.lock(CATEGORY_TREE)
    parent = category.parent_id
    if parent is not None and category.id in store.load_ancestors(unit.session, parent):
        raise InvalidInput.at(
            "#/parent", "cycle", "A category cannot hang under itself or under one below it."
        )
    check_depth(unit, parent, store.count_levels(unit.session, category.id))


def _build_view(unit: UnitOfWork, category: Category) -> dict[str, Any]:
    references = ReferenceResolver(unit.session)
    if category.parent_id is not None:
        references.load("category", category.parent_id)
    return build_category_view(category, references)
