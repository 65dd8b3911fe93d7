"""Who may write: whoever has the token. Programs send it with each request, browsers keep a cookie made from it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from ....data.errors import StancewireError

COOKIE = "stancewire"
SHORTEST = 16
"""Characters of a token."""
_OFF = "writing is off; start `stancewire serve` with --token-file or STANCEWIRE_TOKEN"


def origin_of(address: str) -> str:
    """Where the pages of an address lie, as browsers write it in the head of a form.

    Raises:
        StancewireError: It is no address of the web, or has more than scheme, host and port.
    """
    wrong = StancewireError(f"--public-url {address}: give one like https://stances.example, without a path")
    try:
        parts = urlsplit(address)
        usual = {"http": 80, "https": 443}[parts.scheme]
        port = f":{parts.port}" if parts.port not in (None, usual) else ""
    except (ValueError, KeyError) as error:
        raise wrong from error
    if not parts.hostname or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise wrong
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


@dataclass(frozen=True)
class Access:
    """Who may write.

    Attributes:
        token: What they show; None where nobody may.
        public: Where the pages lie for those who reach them through a proxy (see :func:`origin_of`).
    """

    token: str | None
    public: str | None = None

    def is_token(self, given: str) -> bool:
        """Whether this is the token; takes the same time whatever it is."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    @property
    def cookie(self) -> str:
        """What a browser keeps: it tells nobody the token."""
        return hmac.digest((self.token or "").encode(), b"stancewire pages", "sha256").hex()

    def is_signed_in(self, request: Request) -> bool:
        """Whether the browser has shown the token before."""
        given = request.cookies.get(COOKIE, "")
        return self.token is not None and hmac.compare_digest(given.encode(), self.cookie.encode())

    def check_program(self, request: Request) -> None:
        """Lets a request with the token pass.

        Raises:
            HTTPException: It has none, or the wrong one, or nobody may write.
        """
        if self.token is None:
            raise HTTPException(403, _OFF)
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not self.is_token(given.strip()):
            wanted = "a token is needed: send it as `Authorization: Bearer TOKEN`"
            raise HTTPException(401, wanted, {"WWW-Authenticate": "Bearer"})

    def check_browser(self, request: Request) -> None:
        """Lets a form of our own pages pass, from a browser that is signed in.

        Raises:
            HTTPException: It is not signed in, or the form stands on a page of somebody else.
        """
        self.check_origin(request)
        if self.token is None:
            raise HTTPException(403, _OFF)
        if not self.is_signed_in(request):
            raise HTTPException(401, "a token is needed: give it on the page of alerts first")

    def check_origin(self, request: Request) -> None:
        """Refuses a form that stands on a page of somebody else.

        Raises:
            HTTPException: It does.
        """
        origin = request.headers.get("origin")
        if origin is None or urlsplit(origin).netloc == request.headers.get("host"):
            return
        if origin != self.public:
            wanted = "behind a proxy `stancewire serve` needs --public-url"
            raise HTTPException(403, f"this form was not sent from a page of this server; {wanted}")

    def is_safe(self, request: Request) -> bool:
        """Whether a browser came through TLS: then a cookie is to go no other way."""
        return request.headers.get("origin", self.public or "").startswith("https:")
