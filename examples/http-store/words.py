"""What requests may say: the patterns and fields of docs/engines/http.openapi.yaml, and the refusals for all else."""

import re

ADDRESS = r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}@[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}"
HEX = r"[0-9a-f]{32}"
TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z"
MEDIA_TYPE = r"[\w!#$&^.+-]{1,99}/[\w!#$&^.+-]{1,99}(;[ -~]{0,99})?"
FOLDERS = ["INBOX", "Work", "Family", "Friends", "Cust1", "Cust2", "Cust3", "Cust4", "Cust5", "Trash"]
GREETINGS = ["unavailable", "busy", "temporary", "name"]

STATUS = {"ADDRESS_INVALID": 400, "MESSAGE_UNKNOWN": 404, "INTERNAL": 500, "UNSUPPORTED": 501, "STORE_FULL": 507}


class Problem(Exception):
    """RFC 9457, with a code of docs/errors.md."""

    def __init__(self, code, detail, status=0, **more):
        super().__init__(detail)
        self.status = status or STATUS[code]
        kind = {"type": f"urn:voxpost:error:{code}", "title": code, "status": self.status}
        self.body = {**kind, "detail": detail, "code": code, **more}


def refused(detail, status=400, **more):
    return Problem("STORE_REFUSED", detail, status, **more)


def match(pattern):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def text(limit):
    return lambda value: isinstance(value, str) and len(value) <= limit


def one_of(values):
    return lambda value: isinstance(value, str) and value in values


def whole(value):
    return type(value) is int and value >= 0


def flag(value):
    return type(value) is bool


def thing(what, required, optional={}):
    return lambda value: fields(what, value, required, optional) is not None


def fields(what, value, required, optional={}):
    """The object, if all is there that must be, and nothing that is not known: nothing may be lost in silence."""
    if not isinstance(value, dict):
        raise refused(f"{what} is no object")
    missing = required.keys() - value.keys()
    if missing:
        raise refused(f"{what} lacks {', '.join(sorted(missing))}")
    for name, given in value.items():
        check = required.get(name) or optional.get(name)
        if not check:
            raise refused(f"{what} has a field that is not known")
        if not check(given):
            raise refused(f"{what}: {name} is not as the document has it")
    return value


def parts(value):
    return isinstance(value, list) and 0 < len(value) <= 100 and all(map(thing("audio", AUDIO, {"duration": whole}), value))


UPLOADED = {"upload": match(HEX), "bytes": whole, "sha256": match(r"[0-9a-f]{64}")}
AUDIO = {**UPLOADED, "kind": one_of(["voice", "comment"]), "contentType": match(MEDIA_TYPE)}
FLAGS = {"heard": flag, "urgent": flag}
MOVE = {"folder": one_of(FOLDERS)}
MESSAGE = {
    **{"folder": one_of(FOLDERS), "receivedAt": match(TIME), "duration": whole, "audio": parts},
    "caller": thing("caller", {}, {"number": text(100_000), "name": text(100_000)}),
    **{**FLAGS, "priority": flag, "private": flag},
}
MESSAGE_MORE = {
    **{"category": text(100_000), "dialplanContext": text(100_000), "callId": text(100_000), "text": text(500_000)},
    "extras": thing("extras", UPLOADED),
}

number = match(r"\d{1,15}")
PAGE = {"limit": lambda value: number(value) and 1 <= int(value) <= 500, "after": match(r"(?s:.{1,2000})")}
LIST = {**PAGE, "view": one_of(["all", "urgent", "new", "old"])}
FIND = {
    **PAGE,
    **{"id": match(HEX), "receivedSince": match(TIME), "receivedBefore": match(TIME)},
    **{"folders": lambda value: all(name in FOLDERS for name in value.split(",")), "caller": text(200), "words": text(200)},
    **{"minDuration": number, "maxDuration": number, "heard": one_of(["true", "false"]), "urgent": one_of(["true", "false"])},
}
PATHS = {
    **{"address": match(ADDRESS), "folder": one_of(FOLDERS), "upload": match(HEX), "id": match(HEX)},
    **{"key": match(r"[A-Za-z0-9_-]{1,1000}"), "part": match(r"[1-9]\d?|100"), "kind": one_of(GREETINGS)},
}
