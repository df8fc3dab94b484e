"""HubSpot's API for the sandbox's CRM, on the loopback address only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.sandbox import faults
from demo.sandbox.crm import CRM, PLURAL, SINGULAR, Stored, Wrong

MAX_BODY_BYTES = 1024 * 1024
MAX_INPUTS = 100
SIGN = "x-throughline-sandbox"  # in every answer, so that samples are never written into a real CRM
SANDBOX = "/sandbox"  # a path that only a sandbox has
# The author of a change: userId:N for a person at the CRM, and the app of the token by default.
AUTHOR = "x-sandbox-author"


def serve(crm: CRM, token: str, port: int) -> ThreadingHTTPServer:
    """Create a server on 127.0.0.1, not running yet. Port 0 chooses a free one."""

    class BoundCrmHandler(_CrmHandler):
        pass

    BoundCrmHandler.crm, crm.token = crm, token
    return ThreadingHTTPServer(("127.0.0.1", port), BoundCrmHandler)


class _CrmHandler(BaseHTTPRequestHandler):
    crm: CRM
    protocol_version = "HTTP/1.1"
    # An answer is two writes. With Nagle's algorithm, the second one would wait for the caller's
    # delayed acknowledgement.
    disable_nagle_algorithm = True
    timeout = 30

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_PATCH(self) -> None:
        self._handle("PATCH")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def log_message(self, *_args: Any) -> None:
        """Log nothing, because addresses hold ids."""

    def _handle(self, method: str) -> None:
        try:
            body = self._body()
            fault = self.crm.faults.next(method)
            if fault is None or fault.done:
                self._known()
                status, answer = self._answer(method, body)
            if fault is not None:
                faults.answer(self, fault)
                return
        except Wrong as wrong:
            status = wrong.status
            answer = {"status": "error", "message": str(wrong), "category": "VALIDATION_ERROR"}
        raw = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header(SIGN, "hubspot")
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _known(self) -> None:
        given = self.headers.get("Authorization", "")
        if not compare_digest(given.encode(), f"Bearer {self.crm.token}".encode()):
            raise Wrong(401, "Authentication credentials not found or wrong")

    def _body(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            raise Wrong(413, "Too large")
        raw = self.rfile.read(length)
        try:
            found = json.loads(raw or b"{}")
        except ValueError:
            raise Wrong(400, "Invalid input JSON") from None
        if not isinstance(found, dict):
            raise Wrong(400, "Invalid input JSON: an object is required")
        return found

    def _answer(self, method: str, body: Mapping[str, Any]) -> tuple[int, Any]:  # noqa: PLR0911  # one a path
        """Answer /crm/objects/<version>/<type>[/<id> or /batch/<verb>] with status and JSON."""
        url = urlsplit(self.path)
        if url.path == SANDBOX:
            return 200, {"portalId": self.crm.portal_id}
        steps = url.path.strip("/").split("/")
        if steps[:2] in [["crm", "properties"], ["crm", "owners"]] and len(steps) == 4:  # noqa: PLR2004  # with the version
            return 200, self._about(steps[1], steps[3])
        if steps[:2] != ["crm", "objects"] or steps[3:4] not in [[many] for many in SINGULAR]:
            raise Wrong(404, "no such path")
        object_type, rest = SINGULAR[steps[3]], steps[4:]
        author = self.headers.get(AUTHOR) or str(self.crm.app_id)
        query = {name: values[-1].split(",") for name, values in parse_qs(url.query).items()}
        match method, rest:
            case "POST", []:
                return 201, shown(self.crm.create(object_type, body, author), ["*"], [])
            case "GET", [key]:
                names, linked = query.get("properties", []), query.get("associations", [])
                return 200, shown(self.crm.read(object_type, key), names, linked)
            case "PATCH", [key]:
                return 200, shown(self.crm.update(object_type, key, body, author), ["*"], [])
            case "DELETE", [key]:
                self.crm.delete(object_type, key, author)
                return 204, None
            case "POST", ["batch", "read"]:
                return self._read_many(object_type, body)
            case "POST", ["batch", "upsert"]:
                return 200, self._upsert(object_type, body, author)
        raise Wrong(405, "no such method here")

    def _about(self, what: str, key: str) -> Any:
        """Return the properties of an object type, or an owner."""
        if what == "owners":
            return self.crm.owner(key)
        if key not in SINGULAR:
            raise Wrong(404, "no such path")
        names = self.crm.property_names(SINGULAR[key])
        return {"results": [{"name": name, "archived": False} for name in names]}

    def _read_many(self, object_type: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        ids = [str(each.get("id")) for each in body.get("inputs", [])]
        if len(ids) > MAX_INPUTS:
            raise Wrong(400, "at most 100 inputs")
        found, missing = self.crm.read_many(object_type, ids)
        answer: dict[str, Any] = {
            "status": "COMPLETE",
            "results": [shown(each, body.get("properties", []), []) for each in found],
        }
        if not missing:
            return 200, answer
        answer["numErrors"] = 1
        answer["errors"] = [{"category": "OBJECT_NOT_FOUND", "context": {"ids": missing}}]
        return 207, answer

    def _upsert(self, object_type: str, body: Mapping[str, Any], author: str) -> Any:
        results = []
        for each in body.get("inputs", []):
            name, value = str(each.get("idProperty", "")), str(each.get("id", ""))
            known = self.crm.find(object_type, name, value)
            whole = {"properties": {**each.get("properties", {}), name: value}}
            if known:
                kept = self.crm.update(object_type, known.id, whole, author)
            else:
                kept = self.crm.create(object_type, whole, author)
            results.append({**shown(kept, ["*"], []), "new": known is None})
        return {"status": "COMPLETE", "results": results}


def shown(stored: Stored, properties: Sequence[str], associations: Sequence[str]) -> dict[str, Any]:
    """Return an object as HubSpot does, with the requested properties, null if they are empty."""
    names = list(stored.properties) if "*" in properties else properties
    answer: dict[str, Any] = {
        "id": stored.id,
        "properties": {name: stored.properties.get(name) or None for name in names},
        "createdAt": stored.created_at.isoformat(),
        "updatedAt": stored.updated_at.isoformat(),
        "archived": False,
    }
    linked: dict[str, dict[str, list[dict[str, str]]]] = {}
    for plural in associations:
        linked[plural] = {"results": []}
    for other, key, kind in stored.associated:
        if PLURAL[other] in linked:
            linked[PLURAL[other]]["results"].append({"id": key, "type": kind})
    if any(each["results"] for each in linked.values()):
        answer["associations"] = linked
    return answer
