"""Signed messages to other servers, never to one inside the network by mistake."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from cyclorama.plugins.jobs import Job, Run
from cyclorama.storage.audit import canonical

KIND: Final = "core.webhook"
SECONDS: Final = 10.0
"""How long an answer may take, from the first byte to the last."""
LONGEST_URL: Final = 2_048
_OPEN_PORTS: Final = {"https": 443, "http": 80}


class DeliveryError(RuntimeError):
    """A message was not taken; it is sent again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends the messages of rules."""

    clock: Callable[[], datetime]
    secret: str = field(default="", repr=False)
    """What messages are signed with; without one none is sent."""
    private_hosts: frozenset[str] = frozenset()
    """Hosts inside the network that may get messages, also without TLS."""

    def job(self) -> Job:
        """The job that delivers a message."""
        return Job(kind=KIND, run=_done, prepare=self.send)

    async def send(self, payload: Mapping[str, Any]) -> None:
        """Send one message; `DeliveryError` where it is not taken."""
        if not self.secret:
            raise DeliveryError("There is no secret: set CYCLORAMA_WEBHOOK_SECRET.")
        body = canonical(payload["body"]).encode()
        at = str(int(self.clock().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "cyclorama",
            "Cyclorama-Id": payload["id"],
            "Cyclorama-Timestamp": at,
            "Cyclorama-Signature": signature(self.secret, payload["id"], at, body),
        }
        try:
            status = await asyncio.to_thread(
                _post, payload["url"], body, headers, self.private_hosts
            )
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from None
        if not 200 <= status < 300:
            raise DeliveryError(f"The server answered {status}.")


async def _done(_: Run) -> None:
    """The message was taken before the transaction began."""


def signature(secret: str, id: str, at: str, body: bytes) -> str:
    """`v1=` and the HMAC with SHA-256, in hex, of id, timestamp and body with dots
    between them."""
    message = b".".join((id.encode(), at.encode(), body))
    return "v1=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def wrong_url(url: str) -> str | None:
    """Why no message can be sent there, as far as the text tells."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in _OPEN_PORTS or not parts.hostname or port == 0:
        return "write it as https://host/path"
    if parts.username is not None or parts.password is not None:
        return "leave names and passwords out; messages are signed"
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable():
        return f"write at most {LONGEST_URL} plain characters"
    return "leave blanks out" if " " in url else None


def _post(
    url: str, body: bytes, headers: Mapping[str, str], private: frozenset[str]
) -> int:
    """The status of the answer; redirects are not followed."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or _OPEN_PORTS[parts.scheme]
    if parts.scheme != "https" and host not in private:
        raise DeliveryError(f"Messages to {host!r} need https.")
    address = _address(host, port, private)
    # The address that was checked is the one that is asked, whatever names say by then.
    sock: Any = socket.create_connection((address, port), timeout=SECONDS)
    # Who answers byte by byte never lets a read time out.
    ending = sock.dup()
    end = threading.Timer(SECONDS, _shut, (ending,))
    end.start()
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            sock = context.wrap_socket(sock, server_hostname=host)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = sock
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        connection.request("POST", target, body, dict(headers))
        return connection.getresponse().status
    finally:
        end.cancel()
        ending.close()
        sock.close()


def _shut(sock: socket.socket) -> None:
    """End a connection, whoever reads from it."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _address(host: str, port: int, private: frozenset[str]) -> str:
    """An address of the host; `DeliveryError` where one of them is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if host not in private and not all(map(is_public, addresses)):
        message = f"{host!r} is inside the network; allow it with "
        raise DeliveryError(f"{message}CYCLORAMA_WEBHOOK_PRIVATE_HOSTS.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address is on the open internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return found.is_global and not found.is_multicast


_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
