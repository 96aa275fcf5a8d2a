"""Migrates a database, as one of several processes that start concurrently."""

import sys

from app.kit.sql import migrations
from app.kit.sql.database import Database

if __name__ == "__main__":
    # A newly started machine migrates under load, and may wait as long as it takes.
    migrations.upgrade(Database(sys.argv[1], busy_timeout=60))
