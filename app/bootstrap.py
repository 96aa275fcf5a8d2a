"""The composition root: builds all services. Its parameters are what tests replace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__
from app.access import store as access_store
from app.access.audit import write_audit
from app.access.entitlement import Entitlement
from app.access.key_validity import KeyGuard
from app.access.people.roles import parse_role_mapping
from app.access.refused_keys import RefusedKeys
from app.delivery.archive import Archive
from app.delivery.invalidation import LogStateCache, SurrogateKeys
from app.delivery.log_follower import LogFollower
from app.delivery.projector import project
from app.delivery.queries import DeliveryQueries
from app.delivery.tag_spellings import TagSpellings
from app.kit.clock import Clock, SystemClock
from app.kit.cursor import Signer
from app.kit.errors import DatabaseUnavailable
from app.kit.http_client import HttpClient, load_trusted_certificates
from app.kit.networks import AllowedNetworks
from app.kit.process.file_permissions import restrict, restrict_umask
from app.kit.sql import migrations
from app.kit.sql.change_watch import Watch
from app.kit.sql.costly_reads import CostlyReads
from app.kit.sql.database import Database
from app.kit.sql.leadership import Leadership
from app.kit.sql.unit_of_work import Actor, Runner, UnitOfWork
from app.partners.anonymous import AnonymousReader
from app.partners.entitlements import PartnerEntitlements
from app.partners.feed_tokens import FeedTokens
from app.partners.receipts import Receipts
from app.search.engine.tantivy_index import TantivyIndex
from app.search.index import Index
from app.search.queries import Search
from app.settings import Settings
from app.syndication.model.addresses import Addresses
from app.syndication.model.item_cache import ItemCache
from app.syndication.push.agreement_events import enqueue_agreement_events
from app.syndication.push.commands.stop_webhook import stop_webhook
from app.syndication.push.erasure import erase_deliveries
from app.syndication.push.handlers import no_headers
from app.syndication.push.partner_events import PartnerEvents
from app.syndication.push.purging import FOLLOWER, CdnPurger, PurgeReceiver
from app.syndication.push.push import Push, PushOptions
from app.syndication.sync.change_reader import ChangeReader

if TYPE_CHECKING:
    from app.access.people.sign_in import SignIn


# Keys of large providers come with certificates.
_PROVIDER_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Services:
    """All services, connected.

    `purging` is None without a CDN, and `sign_in` without an OpenID provider.
    """

    settings: Settings
    clock: Clock
    database: Database
    costly: CostlyReads
    runner: Runner
    delivery: DeliveryQueries
    changes: ChangeReader
    items: ItemCache
    index: Index
    search: Search
    archive: Archive
    tags: TagSpellings
    cursors: Signer
    sync_cursors: Signer
    previews: Signer
    watch: Watch
    surrogates: SurrogateKeys
    leadership: Leadership
    purging: CdnPurger | None
    push: Push
    refusals: RefusedKeys
    partners: PartnerEntitlements
    feed_tokens: FeedTokens
    anonymous: AnonymousReader
    receipts: Receipts
    sign_in: "SignIn | None"

    def close(self) -> None:
        """Close the database, the index, and outgoing requests."""
        if self.sign_in is not None:
            self.sign_in.close()
        if self.purging is not None:
            self.purging.close()
        self.push.close()
        self.costly.close()
        self.index.close()
        self.database.close()
        self.watch.close()


@dataclass(frozen=True, slots=True)
class Instruments:
    """The classes of services; tracing replaces them by classes that record spans.

    `subscribers` run after each command, in its transaction. `headers_about` returns additional
    headers for webhooks about an object.
    """

    database: Callable[..., Database] = Database
    search: Callable[[Index, DeliveryQueries], Search] = Search
    client: Callable[..., HttpClient] = HttpClient
    subscribers: tuple[Callable[[UnitOfWork], None], ...] = ()
    headers_about: Callable[[str], Mapping[str, str]] = no_headers


UNTRACED = Instruments()


def open_database(settings: Settings, instruments: Instruments = UNTRACED) -> Database:
    """Return the database of the settings; no connection is opened yet.

    Every process starts here, so this also sets the umask.
    """
    restrict_umask()
    return instruments.database(
        settings.database_url,
        busy_timeout=settings.busy_timeout,
        pool_size=settings.pool_size,
        read_seconds=settings.read_seconds,
    )


def find_search_path(settings: Settings, database: Database) -> Path:
    """Return the folder of the search index, which belongs to this machine and database."""
    if settings.search_path is not None:
        return Path(settings.search_path)
    return Path(f"{database.file or database.engine.url.database}.search")


def list_private_paths(settings: Settings, database: Database) -> list[Path]:
    """Return the paths that need private permissions: database files, index and locks."""
    names = [find_search_path(settings, database)]
    names += [names[0].with_name(f"{names[0].name}.leader")]
    if database.file is not None:
        file = database.file
        names += [file.with_name(file.name + end) for end in ("", "-wal", "-shm", ".leader")]
    return names


def prepare_database(database: Database) -> None:
    """Migrate an SQLite database; refuse a PostgreSQL database with an incompatible schema.

    Compatible are the schemas of this release, the previous one and the next one. Many nodes share
    a PostgreSQL database, so its migration is a separate step (`dateline migrate`).
    """
    if database.file is not None:
        # Before SQLite opens it: its write-ahead log gets the mode of the database.
        restrict(database.file)
    if database.dialect == "sqlite" and not migrations.is_current(database):
        migrations.refuse_foreign_tables(database)
        migrations.upgrade(database)
    database.refuse_transaction_pooling()
    migrations.check(database)


def bootstrap(
    settings: Settings,
    *,
    clock: Clock | None = None,
    database: Database | None = None,
    instruments: Instruments = UNTRACED,
) -> Services:
    """Build all services on a database with a compatible schema."""
    clock = clock or SystemClock()
    database = database or open_database(settings, instruments)
    # Older versions created files with wider permissions.
    for path in list_private_paths(settings, database):
        restrict(path)
    watch = database.open_watch()
    log_states = LogStateCache(watch if database.dialect == "sqlite" else None)
    secret = _load_secret(settings, database)
    surrogates = SurrogateKeys(secret)
    delivery = DeliveryQueries(database, clock, log_states, surrogates, settings.frames)
    partners = PartnerEntitlements(database)
    receipts = Receipts(database, clock)
    anonymous = AnonymousReader(settings.anonymous, database, watch)
    index = TantivyIndex(find_search_path(settings, database))
    runner = Runner(
        database,
        clock,
        [
            write_audit,
            project,
            erase_deliveries,
            partial(enqueue_agreement_events, own=settings.own_address),
            *instruments.subscribers,
        ],
        watch.announce,
        KeyGuard(clock),
        settings.frames,
    )
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        costly=CostlyReads(settings.read_seconds),
        runner=runner,
        watch=watch,
        delivery=delivery,
        index=index,
        search=instruments.search(index, delivery),
        changes=ChangeReader(delivery),
        items=ItemCache(Addresses(settings.own_address, settings.story_url)),
        cursors=Signer(secret, "cursor"),
        sync_cursors=Signer(secret, "follower"),
        archive=Archive(database),
        tags=TagSpellings(database),
        previews=Signer(secret, "preview"),
        surrogates=surrogates,
        leadership=database.open_leadership(),
        purging=_build_purging(settings, database, clock, surrogates),
        push=_build_push(
            settings,
            database,
            clock,
            watch,
            runner,
            instruments,
            PartnerEvents(delivery, partners.resolve_all, receipts),
            lambda: anonymous.load().entitlement,
        ),
        refusals=RefusedKeys(clock),
        partners=partners,
        feed_tokens=FeedTokens(database),
        anonymous=anonymous,
        receipts=receipts,
        sign_in=_build_sign_in(settings, clock, secret),
    )


def _build_sign_in(settings: Settings, clock: Clock, secret: str) -> "SignIn | None":
    if settings.oidc_issuer is None:
        return None
    # Imported only if sign-in is configured: the libraries take a third of a second.
    from app.access.people.provider import OpenIdProvider, Registration  # noqa: PLC0415
    from app.access.people.sign_in import SignIn  # noqa: PLC0415

    assert settings.oidc_client_id is not None
    assert settings.oidc_roles is not None
    client_secret = settings.oidc_client_secret
    registration = Registration(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=client_secret.get_secret_value() if client_secret else None,
        redirect_uri=f"{settings.own_address}/auth/callback",
        scopes=settings.oidc_scopes,
    )
    client = HttpClient(
        f"dateline/{__version__}",
        max_bytes=_PROVIDER_BYTES,
        trust=load_trusted_certificates(settings.ca_file),
    )
    provider = OpenIdProvider(client, clock, registration)
    return SignIn(provider, parse_role_mapping(settings.oidc_roles), secret, clock)


def _build_purging(
    settings: Settings, database: Database, clock: Clock, surrogates: SurrogateKeys
) -> CdnPurger | None:
    if settings.purge_url is None:
        return None
    token = settings.purge_token
    return CdnPurger(
        LogFollower(database, clock, FOLLOWER),
        surrogates,
        HttpClient(f"dateline/{__version__}", trust=load_trusted_certificates(settings.ca_file)),
        PurgeReceiver(
            settings.purge_url, settings.purge_method, token.get_secret_value() if token else None
        ),
    )


def _build_push(
    settings: Settings,
    database: Database,
    clock: Clock,
    watch: Watch,
    runner: Runner,
    instruments: Instruments,
    partners: PartnerEvents,
    load_anonymous: Callable[[], Entitlement],
) -> Push:
    reach = AllowedNetworks.parse(settings.push_networks)
    options = PushOptions(
        own=settings.public_url,
        reach=reach,
        hub_subscriptions=settings.hub_subscriptions,
        pause_after=timedelta(hours=settings.push_pause_hours),
        kept=timedelta(days=settings.push_log_days),
        is_rate_limited=settings.rate_limit == "on",
        headers_about=instruments.headers_about,
    )

    def stop(id_: str, state: str, why: str) -> None:
        runner.run(Actor(None, "push"), partial(stop_webhook, id_=id_, state=state, reason=why))

    client = instruments.client(
        f"dateline/{__version__}",
        allowed_networks=reach,
        max_bytes=4096,
        trust=load_trusted_certificates(settings.ca_file),
    )
    return Push(database, clock, watch, client, options, stop, partners, load_anonymous)


def _load_secret(settings: Settings, database: Database) -> str:
    if settings.secret_key is not None:
        return settings.secret_key
    with database.read() as session:
        secret = access_store.load_secret(session, "signing")
    if secret is None:
        raise DatabaseUnavailable("The database has lost its secret. Set DATELINE_SECRET_KEY.")
    return secret
