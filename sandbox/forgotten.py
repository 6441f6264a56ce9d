"""People a platform was asked to delete for good: what it knew of them by itself (sandbox/world/mail.py) goes, too."""

import sqlite3


def forget(db: sqlite3.Connection, platform: str, email: str) -> None:
    db.execute("INSERT OR IGNORE INTO forgotten VALUES (?, ?)", [platform, email.strip().lower()])


def forgotten(db: sqlite3.Connection, platform: str) -> set[str]:
    return {row["email"] for row in db.execute("SELECT email FROM forgotten WHERE platform = ?", [platform])}
