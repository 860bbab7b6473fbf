"""Messages and greetings on a disk: envelopes are rows of an SQLite database, audio lies beside it, a file a part."""

import base64
import hashlib
import json
import os
import sqlite3
import threading
import time
import unicodedata
import uuid
from collections import Counter
from datetime import datetime

from words import Problem, refused

UPLOAD_SECONDS = 3600
VIEWS = {"all": "1", "urgent": "urgent AND NOT heard", "new": "NOT urgent AND NOT heard", "old": "heard"}
SCHEMA = """
PRAGMA synchronous = EXTRA;
CREATE TABLE IF NOT EXISTS message (
  address TEXT, id TEXT, folder TEXT, received INTEGER, arrival INTEGER, heard INTEGER, urgent INTEGER, json TEXT,
  PRIMARY KEY (address, id));
CREATE INDEX IF NOT EXISTS listing ON message (address, folder, received, arrival);
CREATE TABLE IF NOT EXISTS greeting (address TEXT, kind TEXT, json TEXT, PRIMARY KEY (address, kind));
"""


class Store:
    def __init__(self, folder):
        self.folder = os.path.join(folder, "audio")
        os.makedirs(self.folder, exist_ok=True)
        self.db = sqlite3.connect(os.path.join(folder, "messages.db"), check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.create_function("folded", 1, folded, deterministic=True)
        self.db.executescript(SCHEMA)
        self.lock = threading.Condition()  # for every step of the database, and for news
        self.changes = Counter()
        self.uploads = {}  # (address, upload) -> (file, bytes, sha256, since when)
        # What no row names is left of uploads before a restart.
        rows = self.db.execute("SELECT json FROM message UNION ALL SELECT json FROM greeting")
        self.discard(set(os.listdir(self.folder)) - {part["file"] for row in rows for part in parts_of(row)})

    # -- files --

    def write(self, pieces):
        """On the disk for good, under a name of its own: (file, bytes, sha256). What breaks off leaves nothing."""
        file, length, digest = uuid.uuid4().hex, 0, hashlib.sha256()
        try:
            with open(self.path(file), "xb") as out:
                for piece in pieces:
                    out.write(piece)
                    digest.update(piece)
                    length += len(piece)
                out.flush()
                os.fsync(out.fileno())
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except BaseException:
            self.discard([file])
            raise
        return file, length, digest.hexdigest()

    def discard(self, files):
        for file in files:
            os.unlink(self.path(file))

    def path(self, file):
        return os.path.join(self.folder, file)

    # -- messages --

    def upload(self, address, upload, pieces):
        written = self.write(pieces)
        with self.lock:
            late = time.monotonic() - UPLOAD_SECONDS
            gone = {key for key, (*_, since) in self.uploads.items() if since < late or key == (address, upload)}
            self.discard([self.uploads.pop(key)[0] for key in gone])
            self.uploads[address, upload] = (*written, time.monotonic())

    def store(self, address, id, message):
        with self.lock, self.db:
            if self.db.execute("SELECT 1 FROM message WHERE address = ? AND id = ?", (address, id)).fetchone():
                raise refused("The mailbox holds a message with this id", 412)
            parts = [*message["audio"], *([message["extras"]] if "extras" in message else [])]
            for part in parts:
                part["file"], *there = self.uploads.get((address, part["upload"]), (None, None, None, None))[:3]
                if there != [part["bytes"], part["sha256"]]:
                    raise refused("An upload is not there, or not what is named; send it again", 409, retryable=True)
            place = (milliseconds(message["receivedAt"]), self.next_arrival(), message["heard"], message["urgent"])
            row = (address, id, message["folder"], *place, json.dumps(message))
            self.db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            self.db.commit()
            for part in parts:
                self.uploads.pop((address, part["upload"]), None)
            self.changed(address)
            return shown(self.get(address, message["folder"], id))

    def next_arrival(self):
        return self.db.execute("SELECT coalesce(max(arrival), 0) + 1 FROM message").fetchone()[0]

    def get(self, address, folder, id, if_match=None):
        with self.lock:
            where = "SELECT * FROM message WHERE address = ? AND folder = ? AND id = ?"
            row = self.db.execute(where, (address, folder, id)).fetchone()
        if not row:
            raise Problem("MESSAGE_UNKNOWN", "It was moved or removed")
        if if_match and "*" != if_match and etag(row) not in if_match.split(", "):
            raise refused("Its flags are no longer those", 412)
        return row

    def change(self, address, folder, id, if_match, columns):
        """Those that are not named stay as they are."""
        with self.lock, self.db:
            self.get(address, folder, id, if_match)
            if "folder" in columns:
                columns = {**columns, "arrival": self.next_arrival()}
            for name, value in columns.items():
                self.db.execute(f"UPDATE message SET {name} = ? WHERE address = ? AND id = ?", (value, address, id))
            self.changed(address)

    def remove(self, address, folder, id, if_match):
        with self.lock:
            row = self.get(address, folder, id, if_match)
            with self.db:
                self.db.execute("DELETE FROM message WHERE address = ? AND id = ?", (address, id))
            self.discard([part["file"] for part in parts_of(row)])
            self.changed(address)

    def count(self, address, folder):
        sums = ", ".join(f"coalesce(sum({VIEWS[view]}), 0) AS {view}" for view in ("urgent", "new", "old"))
        with self.lock:
            counts = f"SELECT {sums} FROM message WHERE address = ? AND folder = ?"
            return dict(self.db.execute(counts, (address, folder)).fetchone())

    def page(self, where, values, limit=100, after=None):
        """By the time of the call, then by arrival; a cursor is a place in that order."""
        place = f"{where} AND (received, arrival) > (?, ?) ORDER BY received, arrival LIMIT ?"
        with self.lock:
            total = self.db.execute(f"SELECT count(*) FROM message WHERE {where}", values).fetchone()[0]
            since = place_of(after) if after else (-1, 0)
            rows = self.db.execute(f"SELECT * FROM message WHERE {place}", (*values, *since, limit + 1)).fetchall()
        page = {"messages": [shown(row) for row in rows[:limit]], "total": total}
        return page if len(rows) <= limit else {**page, "next": cursor_at(rows[limit - 1])}

    # -- mailboxes --

    def mailboxes(self, limit=100, after=""):
        some = "SELECT address FROM message UNION SELECT address FROM greeting"
        page = f"SELECT address FROM ({some}) WHERE address > ? ORDER BY address LIMIT ?"
        with self.lock:
            rows = [row["address"] for row in self.db.execute(page, (after, limit + 1))]
        return {"mailboxes": rows[:limit], **({"next": rows[limit - 1]} if len(rows) > limit else {})}

    def greeting(self, address, kind):
        with self.lock:
            row = self.db.execute("SELECT json FROM greeting WHERE address = ? AND kind = ?", (address, kind)).fetchone()
        return parts_of(row)[0] if row else None

    def write_greeting(self, address, kind, part):
        """In the place of one that is there, in one step; with None it is removed."""
        with self.lock:
            old = self.greeting(address, kind)
            with self.db:
                self.db.execute("DELETE FROM greeting WHERE address = ? AND kind = ?", (address, kind))
                if part:
                    row = (address, kind, json.dumps({"audio": [part]}))
                    self.db.execute("INSERT INTO greeting VALUES (?, ?, ?)", row)
            self.discard([old["file"]] if old else [])

    def changed(self, address):
        self.changes[address] += 1
        self.lock.notify_all()

    def wait(self, address, seen, seconds):
        """How many changes there were, once they are not as many as were seen, or the time is up."""
        with self.lock:
            self.lock.wait_for(lambda: self.changes[address] != seen, seconds)
            return self.changes[address]


def parts_of(row):
    kept = json.loads(row["json"])
    return [*kept["audio"], *([kept["extras"]] if "extras" in kept else [])]


def shown(row):
    kept = json.loads(row["json"])
    envelope = {name: kept[name] for name in kept if name not in ("audio", "extras", "text")}
    flags = {"heard": bool(row["heard"]), "urgent": bool(row["urgent"])}
    return {**envelope, **flags, "folder": row["folder"], "id": row["id"], "key": row["id"], "etag": etag(row)}


def etag(row):
    return f'"{row["heard"]}{row["urgent"]}-{row["arrival"]}"'


def cursor_at(row):
    return base64.urlsafe_b64encode(f"{row['received']} {row['arrival']}".encode()).decode()


def place_of(cursor):
    try:
        received, arrival = base64.urlsafe_b64decode(cursor).split()
        return int(received), int(arrival)
    except ValueError:
        raise refused("after is no cursor of this server") from None


def milliseconds(time):
    try:
        return round(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)
    except ValueError:
        raise refused("There is no such time") from None


def folded(words):
    return unicodedata.normalize("NFC", words or "").lower()
