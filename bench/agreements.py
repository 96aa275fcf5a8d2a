"""Partners with products in a measured database."""

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

from app.access.commands.create_key import create_key
from app.access.filter_input import FilterInput
from app.api.http.filter_bodies import read_filter_input
from app.bootstrap import Services, bootstrap
from app.kit.sql.unit_of_work import Actor, UnitOfWork
from app.partners.commands.create_partner import create_partner
from app.partners.commands.create_product import create_product
from app.partners.inputs import LimitsInput, PartnerInput, ProductInput
from app.settings import Settings
from bench.corpus import SEED
from bench.servers import MANY_REQUESTS, Database

_PRODUCTS = 5
_ACTOR = Actor(None, "bench")


def sign_partners(database: Database, number: int) -> tuple[str, ...]:
    """Create this many partners with five products each; return the key of each partner.

    Every product selects one category, source or language, so there are as many products as these.
    """
    settings = Settings(
        database_url=database.url,
        search_path=None if database.search_path is None else str(database.search_path),
    )
    services = bootstrap(settings)
    try:
        slugs = [_create_product(services, place, filter_) for place, filter_ in _filters(services)]
        rng = random.Random(f"{SEED}:agreements")
        return tuple(
            services.runner.run(_ACTOR, partial(_sign, name=f"partner-{turn}", slugs=chosen))
            for turn in range(number)
            if (chosen := rng.sample(slugs, _PRODUCTS))
        )
    finally:
        services.close()


def make_keys(database: Database, number: int) -> tuple[str, ...]:
    """Create so many keys that may read."""
    services = bootstrap(Settings(database_url=database.url, search_path=str(database.search_path)))

    def create_all(unit: UnitOfWork) -> tuple[str, ...]:
        return tuple(create_key(unit, f"key {turn}", ["read"]).key for turn in range(number))

    try:
        return services.runner.run(_ACTOR, create_all)
    finally:
        services.close()


def _filters(services: Services) -> Iterator[tuple[int, dict[str, Any]]]:
    directory = services.delivery.load_current().directory
    filters: list[dict[str, Any]] = [
        {type_: [entry.slug]}
        for type_ in ("category", "source")
        for entry in directory.entries[type_].values()
    ]
    yield from enumerate([*filters, {"language": ["en"]}, {"language": ["fr"]}])


def _create_product(services: Services, place: int, filter_: dict[str, Any]) -> str:
    """Create a product in one of the four kinds of rendering; return its slug."""
    written = ProductInput(
        name=f"product-{place}",
        slug=f"product-{place}",
        filter=FilterInput(**filter_),
        form="headline" if place % 2 else "full",
        images=place % 4 < 2,
    )
    read_filter = partial(read_filter_input, references=services.delivery)
    return services.runner.run(_ACTOR, lambda unit: create_product(unit, written, read_filter)).slug


def _sign(unit: UnitOfWork, name: str, slugs: list[str]) -> str:
    limits = LimitsInput(requests_per_minute=MANY_REQUESTS)
    row = create_partner(unit, PartnerInput(name=name, slug=name, products=slugs, limits=limits))
    return create_key(unit, name, ["read"], partner_id=row.id).key
