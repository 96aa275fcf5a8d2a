"""Deleted data is removed from the file of an SQLite database."""

import sqlite3

import pytest

from app.bootstrap import Services
from app.kit.sql.vacuum import overwrite_deleted

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


def test_deleted_bytes_are_overwritten(services: Services) -> None:
    """Many builds of SQLite do not overwrite what they delete."""
    file = services.database.file
    assert file is not None
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE notes (text TEXT)")
        connection.executemany("INSERT INTO notes VALUES (?)", [("zanzibarite" * 50,)] * 100)
        connection.execute("DROP TABLE notes")
    connection.close()
    files = list(file.parent.glob(f"{file.name}*"))
    assert any(b"zanzibarite" in item.read_bytes() for item in files)
    assert overwrite_deleted(services.database)
    assert not any(b"zanzibarite" in item.read_bytes() for item in files)
