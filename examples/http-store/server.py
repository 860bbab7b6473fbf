#!/usr/bin/env python3
"""
Voice messages in a folder, for Voxpost's engine `http`: docs/engines/http.openapi.yaml in Python, without a library.

    VOXPOST_TOKEN=A-TOKEN-OF-YOURS python3 server.py FOLDER [PORT]

It does all but PINs, quota, space and ranges, and listens on loopback: for other machines let a proxy do TLS.
"""

import hmac
import json
import os
import re
import sys
import uuid
from errno import EDQUOT, ENOSPC
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import words
from store import VIEWS, Store, folded
from words import Problem, refused

CAPABILITIES = {
    **dict.fromkeys(["greetings", "watch", "search", "move", "writable", "texts", "extras", "mailboxes"], True),
    **dict.fromkeys(["authenticate", "quota", "space"], False),
}
PIECE = 64 * 1024
LONGEST_JSON = 4_000_000

BOX = "/v1/mailboxes/(?P<address>[^/]+)"
FOLDER = BOX + "/folders/(?P<folder>[^/]+)"
MESSAGE = FOLDER + "/messages/(?P<key>[^/]+)"
ROUTES = [  # method, path, what answers, query parameters
    ("GET", "/v1", "describe", {}),
    ("GET", "/v1/health", "health", {}),
    ("GET", "/v1/mailboxes", "mailboxes", words.PAGE),
    ("GET", FOLDER + "/counts", "count", {}),
    ("GET", FOLDER + "/messages", "list_folder", words.LIST),
    ("GET", BOX + "/messages", "find", words.FIND),
    ("PUT", BOX + "/uploads/(?P<upload>[^/]+)", "upload", {}),
    ("PUT", BOX + "/messages/(?P<id>[^/]+)", "store_message", {}),
    ("PATCH", MESSAGE, "set_flags", {}),
    ("DELETE", MESSAGE, "remove", {}),
    ("POST", MESSAGE + "/move", "move", {}),
    ("GET", MESSAGE + "/text", "read_text", {}),
    ("GET", MESSAGE + "/extras", "read_extras", {}),
    ("GET", MESSAGE + "/audio/(?P<part>[^/]+)", "read", {}),
    ("GET", BOX + "/greetings/(?P<kind>[^/]+)", "read_greeting", {}),
    ("PUT", BOX + "/greetings/(?P<kind>[^/]+)", "write_greeting", {}),
    ("DELETE", BOX + "/greetings/(?P<kind>[^/]+)", "remove_greeting", {}),
    ("GET", BOX + "/events", "watch", {}),
    ("POST", BOX + "/authentication", "unsupported", {}),
    ("GET", BOX + "/quota", "unsupported", {}),
    ("GET", "/v1/space", "unsupported", {}),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 150  # seconds without a byte
    store = None
    token = b""

    # -- requests --

    def answer_any(self):
        given = self.headers.get("X-Request-Id", "")
        self.request_id = given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid.uuid4().hex
        self.chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        self.unread = self.chunked or self.headers.get("Content-Length", "0") != "0"
        self.begun = False
        try:
            self.route()
        except Exception as error:
            if self.begun:  # what breaks off must not look whole
                self.close_connection = True
                return
            problem = self.to_problem(error)
            headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
            self.answer(problem.status, problem.body, headers, "application/problem+json")

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST = answer_any

    def to_problem(self, error):
        if isinstance(error, Problem):
            return error
        print(f"{self.request_id}: {error!r}", file=sys.stderr)
        if isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT) or "disk is full" in str(error):
            return Problem("STORE_FULL", "The disk is full")
        return Problem("INTERNAL", f"The server's log has more under {self.request_id}")

    def route(self):
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), b"Bearer " + self.token):
            raise refused("The token is missing or wrong", 401)
        url = urlsplit(self.path)
        for method, pattern, name, query in ROUTES:
            found = re.fullmatch(pattern, url.path)
            if not found or method != self.command:
                continue
            path = {key: unquote(value) for key, value in found.groupdict().items()}
            for key, value in path.items():
                if not words.PATHS[key](value):
                    raise Problem("ADDRESS_INVALID", "Write NUMBER@CONTEXT") if key == "address" else unknown(key)
            given = dict(parse_qsl(url.query, keep_blank_values=True))
            self.query = words.fields("The query", given, {}, query)
            return getattr(self, name)(**path)
        raise refused("The protocol has no such path and method", 404)

    def pieces(self):
        """The body, as it comes: in chunks (RFC 9112, 7.1) or of a known length."""
        if self.chunked:
            while left := int(self.rfile.readline(100).split(b";")[0], 16):
                yield from self.exactly(left)
                self.rfile.readline(100)
            while self.rfile.readline(PIECE).strip():
                pass
        else:
            yield from self.exactly(int(self.headers.get("Content-Length", "0")))
        self.unread = False

    def exactly(self, left):
        while left > 0:
            piece = self.rfile.read(min(left, PIECE))
            if not piece:
                raise ConnectionError("the request broke off")
            left -= len(piece)
            yield piece

    def json(self, what, required, optional={}):
        body = b""
        for piece in self.pieces():
            body += piece
            if len(body) > LONGEST_JSON:
                raise refused("The body is too long", 413)
        try:
            tree = json.loads(body)
        except ValueError:
            raise refused("The body is no JSON") from None
        return words.fields(what, tree, required, optional)

    # -- answers --

    def begin(self, status, headers):
        self.begun = True
        self.send_response(status)
        for name, value in {"X-Request-Id": self.request_id, **headers}.items():
            self.send_header(name, str(value))
        if self.unread:
            self.send_header("Connection", "close")
        self.end_headers()

    def answer(self, status, value=None, headers={}, kind="application/json"):
        body = b"" if value is None else json.dumps(value).encode()
        about = {} if value is None else {"Content-Type": kind, "Content-Length": len(body)}
        self.begin(status, {**headers, **about})
        self.wfile.write(body)

    def send(self, part, headers):
        with open(self.store.path(part["file"]), "rb") as file:
            duration = {"Content-Duration": part["duration"]} if "duration" in part else {}
            self.begin(200, {**headers, **duration, "Content-Length": os.fstat(file.fileno()).st_size})
            while piece := file.read(PIECE):
                self.wfile.write(piece)

    def log_message(self, *_):
        pass

    # -- operations --

    def unsupported(self, **_):
        raise Problem("UNSUPPORTED", "This server does not do that")

    def describe(self):
        about = {"protocol": "voxpost-storage", "version": "1.2", "server": "http-store 1"}
        self.answer(200, {**about, "capabilities": CAPABILITIES})

    def health(self):
        self.store.mailboxes(1)
        self.answer(204)

    def mailboxes(self):
        self.answer(200, self.store.mailboxes(**self.page()))

    def page(self):
        page = {name: self.query[name] for name in ("limit", "after") if name in self.query}
        return {**page, "limit": int(page.get("limit", 100))}

    def count(self, address, folder):
        self.answer(200, self.store.count(address, folder))

    def list_folder(self, address, folder):
        where = f"address = ? AND folder = ? AND ({VIEWS[self.query.get('view', 'all')]})"
        self.answer(200, self.store.page(where, (address, folder), **self.page()))

    def find(self, address):
        where, values = ["address = ?"], [address]
        if "id" in self.query:
            where, values = [*where, "id = ?"], [*values, self.query["id"]]
        for word in folded(self.query.get("words")).split():
            where, values = [*where, "instr(folded(json_extract(json, '$.text')), ?)"], [*values, word]
        found = self.store.page(" AND ".join(where), values, **self.page())
        del found["total"]
        self.answer(200, found)

    def upload(self, address, upload):
        self.store.upload(address, upload, self.pieces())
        self.answer(204)

    def store_message(self, address, id):
        if self.headers.get("If-None-Match") != "*":
            raise refused("Send If-None-Match: *", 428)
        message = self.json("The message", words.MESSAGE, words.MESSAGE_MORE)
        stored = self.store.store(address, id, message)
        self.answer(201, stored, {"ETag": stored["etag"]})

    def set_flags(self, address, folder, key):
        flags = self.json("The change", {}, words.FLAGS)
        self.store.change(address, folder, key, self.headers.get("If-Match"), flags)
        self.answer(204)

    def move(self, address, folder, key):
        to = self.json("The move", words.MOVE)
        self.store.change(address, folder, key, self.headers.get("If-Match"), to)
        self.answer(200, {**to, "key": key})

    def remove(self, address, folder, key):
        try:
            self.store.remove(address, folder, key, self.headers.get("If-Match"))
        except Problem as problem:
            if problem.status != 404:
                raise
        self.answer(204)

    def message(self, address, folder, key):
        return json.loads(self.store.get(address, folder, key)["json"])

    def read_text(self, **place):
        message = self.message(**place)
        self.answer(*((200, {"text": message["text"]}) if "text" in message else (204,)))

    def read_extras(self, **place):
        message = self.message(**place)
        if "extras" not in message:
            return self.answer(204)
        self.send(message["extras"], {"Content-Type": "message/rfc822"})

    def read(self, part, **place):
        audio = self.message(**place)["audio"]
        if int(part) > len(audio):
            raise Problem("MESSAGE_UNKNOWN", f"It has {len(audio)} parts")
        one = audio[int(part) - 1]
        headers = {"Content-Type": one["contentType"], "Audio-Parts": len(audio), "Audio-Kind": one["kind"]}
        self.send(one, headers)

    def read_greeting(self, address, kind):
        part = self.store.greeting(address, kind)
        return self.send(part, {"Content-Type": part["contentType"]}) if part else self.answer(204)

    def write_greeting(self, address, kind):
        part = {"contentType": self.headers.get("Content-Type", "application/octet-stream")}
        if words.number(self.headers.get("Content-Duration")):
            part["duration"] = int(self.headers["Content-Duration"])
        part["file"], *_ = self.store.write(self.pieces())
        self.store.write_greeting(address, kind, part)
        self.answer(204)

    def remove_greeting(self, address, kind):
        self.store.write_greeting(address, kind, None)
        self.answer(204)

    def watch(self, address):
        self.close_connection = True
        seen = self.store.wait(address, None, 0)
        self.begin(200, {"Content-Type": "text/event-stream", "Connection": "close"})
        self.wfile.write(b"event: ready\ndata: {}\n\n")
        while True:
            now = self.store.wait(address, seen, 10)
            self.wfile.write(b":\n\n" if now == seen else b"event: change\ndata: {}\n\n")
            seen = now


def unknown(key):
    return Problem("MESSAGE_UNKNOWN", "There is no such key") if key == "key" else refused(f"There is no such {key}")


def main():
    folder, port = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8080
    Handler.store, Handler.token = Store(folder), os.environ["VOXPOST_TOKEN"].encode()
    ThreadingHTTPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
