"""A data folder that cannot be used stays as it is, and the daemon says what to do. A full disk: test_full_disk.py."""

import os
import sqlite3

import httpx

from tests.acceptance.faults import clean
from tests.acceptance.harness import Site
from tests.acceptance.test_controls import rollway


def test_a_corrupt_database_file(bare: Site) -> None:
    bare.data.mkdir()
    database = bare.data / "rollway.db"
    database.write_bytes(b"SQLite format 3\0" + os.urandom(9000))
    before = database.read_bytes()
    done = rollway(bare, "daemon", "--listen", str(bare.api), "--data", str(bare.data))
    assert (done.returncode, done.stdout) == (1, "")
    assert str(database) in clean(done.stderr)
    assert "backup" in done.stderr
    assert database.read_bytes() == before


def test_a_database_that_is_damaged_while_the_daemon_was_away(site: Site) -> None:
    site.stable()
    assert site.stop() == 0
    database = site.data / "rollway.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    done = rollway(site, "daemon", "--listen", str(site.api), "--data", str(site.data))
    assert done.returncode == 1
    assert f"{database} cannot be used: the file is damaged" in clean(done.stderr)
    assert httpx.get(f"http://{site.visitors}/").text == "this is 1.0"
    database.write_bytes(whole)
    site.start()
    site.until(lambda: site.running() == {"1.0": 2}, "the same instances")


def test_a_data_folder_of_a_newer_version(bare: Site) -> None:
    bare.start()
    assert bare.stop() == 0
    database = bare.data / "rollway.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("DELETE FROM keyed_values WHERE key = 'schema/compatible-from'")
    connection.close()
    before = database.read_bytes()
    done = rollway(bare, "daemon", "--listen", str(bare.api), "--data", str(bare.data))
    assert (done.returncode, done.stdout) == (1, "")
    assert "newer version of Rollway" in clean(done.stderr)
    assert database.read_bytes() == before
