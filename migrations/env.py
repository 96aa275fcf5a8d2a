"""Entry point of Alembic: run migrations on the connection from `app.kit.sql.migrations`.

From the command line of Alembic, the database is that of DATELINE_DATABASE_URL.
"""

from alembic import context
from sqlalchemy import Connection

import app.access.models
import app.content.models
import app.delivery.models
import app.kit.sql.leadership
import app.partners.models
import app.syndication.push.models  # noqa: F401 - models register themselves
from app.kit.process.file_permissions import restrict_umask
from app.kit.sql.database import Database
from app.kit.sql.schema import Base
from app.settings import read_settings


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _main() -> None:
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection)
        return
    restrict_umask()
    database = Database(read_settings().database_url)
    with database.engine.connect() as own, own.begin():
        _run(own)


_main()
