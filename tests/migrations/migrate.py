"""Brings a database up to date, as one of several processes that start at once."""

import sys

from app.kit.sql import migrations
from app.kit.sql.database import Database

if __name__ == "__main__":
    # A newly started machine migrates under load; waiting is right, however long it takes.
    migrations.upgrade(Database(sys.argv[1], busy_timeout=60))
