"""The composition root: builds all services. Its parameters are what tests replace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app import __version__
from app.access.audit import write_audit
from app.access.key_uses import KeyUses
from app.access.key_validity import KeyGuard
from app.access.limits.address_limit import AddressLimit
from app.access.limits.limit_reports import LimitReports
from app.access.limits.rate_limits import RateLimits
from app.access.people.roles import parse_role_mapping
from app.access.refused_keys import RefusedKeys
from app.access.signing_secrets import load_signing_secrets
from app.delivery.archive import Archive
from app.delivery.invalidation import LogStateCache, SurrogateKeys
from app.delivery.log_follower import LogFollower
from app.delivery.projector import project
from app.delivery.queries import DeliveryQueries
from app.delivery.tag_spellings import TagSpellings
from app.kit.clock import Clock, SystemClock
from app.kit.cursor import Signer
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
from app.partners.usage import Usage
from app.search.engine.tantivy_index import TantivyIndex
from app.search.index import Index
from app.search.queries import Search
from app.settings import Settings
from app.syndication.model.addresses import Addresses
from app.syndication.model.item_cache import ItemCache
from app.syndication.push.commands.stop_webhook import stop_webhook
from app.syndication.push.delivery_creation import FeedReaders
from app.syndication.push.handlers import no_headers
from app.syndication.push.partner_events import PartnerEvents
from app.syndication.push.purging import FOLLOWER, CdnPurger, PurgeReceiver
from app.syndication.push.push import Push, PushOptions
from app.syndication.push.stored_secrets import StoredSecrets
from app.syndication.push.unit_events import follow_unit
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
    key_uses: KeyUses
    partners: PartnerEntitlements
    feed_tokens: FeedTokens
    anonymous: AnonymousReader
    receipts: Receipts
    usage: Usage
    limits: RateLimits
    limit_reports: LimitReports
    address_limit: AddressLimit
    refused_keys_limit: AddressLimit
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
    secret, old_secrets = load_signing_secrets(
        database, _reveal(settings.secret_key), settings.old_secret_keys
    )
    surrogates = SurrogateKeys(secret)
    delivery = DeliveryQueries(database, clock, log_states, surrogates, settings.frames)
    partners = PartnerEntitlements(database)
    receipts = Receipts(database, clock)
    usage = Usage(database, clock, receipts, enforces_quotas=settings.rate_limit == "on")
    anonymous = AnonymousReader(settings.anonymous, database, watch)
    feed_tokens = FeedTokens(database)
    is_limited = settings.rate_limit == "on"
    limits = RateLimits(clock, settings.key_requests_per_minute if is_limited else None)
    index = TantivyIndex(find_search_path(settings, database))
    runner = Runner(
        database,
        clock,
        [
            project,
            partial(follow_unit, own=settings.own_address),
            # Last, since the others may add to it.
            write_audit,
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
        cursors=Signer(secret, "cursor", old_secrets),
        sync_cursors=Signer(secret, "follower", old_secrets),
        archive=Archive(database),
        tags=TagSpellings(database),
        previews=Signer(secret, "preview", old_secrets),
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
            PartnerEvents(delivery, partners.resolve_all, usage),
            FeedReaders(lambda: anonymous.load().entitlement, feed_tokens.resolve_all),
        ),
        refusals=RefusedKeys(clock),
        key_uses=KeyUses(database, clock),
        partners=partners,
        feed_tokens=feed_tokens,
        anonymous=anonymous,
        receipts=receipts,
        usage=usage,
        limits=limits,
        # Other nodes may share a PostgreSQL database.
        limit_reports=LimitReports(
            database,
            clock,
            limits,
            shared=is_limited and (database.dialect == "postgresql" or settings.workers > 1),
        ),
        address_limit=AddressLimit(
            clock,
            "An address without a key",
            settings.anonymous_requests_per_minute if is_limited else 0,
        ),
        refused_keys_limit=AddressLimit(
            clock,
            "An address whose keys are refused",
            settings.refused_keys_per_minute if is_limited else 0,
        ),
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
    return CdnPurger(
        LogFollower(database, clock, FOLLOWER),
        surrogates,
        HttpClient(f"dateline/{__version__}", trust=load_trusted_certificates(settings.ca_file)),
        PurgeReceiver(settings.purge_url, settings.purge_method, _reveal(settings.purge_token)),
    )


def _reveal(secret: SecretStr | None) -> str | None:
    """Return the text of a secret setting."""
    return None if secret is None else secret.get_secret_value()


def _build_push(
    settings: Settings,
    database: Database,
    clock: Clock,
    watch: Watch,
    runner: Runner,
    instruments: Instruments,
    partners: PartnerEvents,
    readers: FeedReaders,
) -> Push:
    reach = AllowedNetworks.parse(settings.push_networks)
    options = PushOptions(
        own=settings.public_url,
        reach=reach,
        hub_subscriptions=settings.hub_subscriptions,
        pause_after=timedelta(hours=settings.push_pause_hours),
        kept=timedelta(days=settings.push_log_days),
        secrets=StoredSecrets(_reveal(settings.encryption_key), settings.old_encryption_keys),
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
    return Push(database, clock, watch, client, options, stop, partners, readers)
