"""What only the portal's database can be made to hold: lists that are long, sessions that are over."""

import sqlite3

NUMBER = "printf('Z%09d', n.i)"
COUNT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
# Of the copies' columns, those that are not copied.
CHANGED = {
    "renewal_order": {"number": NUMBER, "revision": ":newest + n.i"},
    "order_search": {"rowid": ":newest + n.i", "number": NUMBER},
}


def columns(database, table):
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]


def copy(database, table, where, values):
    """Copies the one row of table that where names, :count times."""
    changed = CHANGED[table]
    names = [*changed, *(name for name in columns(database, table) if name not in changed)]
    wanted = ", ".join(changed.get(name, f"t.{name}") for name in names)
    database.execute(
        f"INSERT INTO {table} ({', '.join(names)}) {COUNT} SELECT {wanted} FROM {table} t, n WHERE {where}",
        values,
    )


def many_orders(path, order, count):
    """count copies of the order, newer than all others; a search finds them too."""
    with sqlite3.connect(path, timeout=30) as database:
        (revision,) = database.execute("SELECT revision FROM renewal_order WHERE number = ?", [order]).fetchone()
        (newest,) = database.execute("SELECT max(revision) FROM renewal_order").fetchone()
        values = {"count": count, "newest": newest, "order": order, "revision": revision}
        copy(database, "renewal_order", "t.number = :order", values)
        copy(database, "order_search", "t.rowid = :revision", values)


def end_sessions(path):
    """Every session was used for the last time long ago."""
    with sqlite3.connect(path, timeout=30) as database:
        database.execute("UPDATE session SET used_utc = 0, created_utc = 0")
