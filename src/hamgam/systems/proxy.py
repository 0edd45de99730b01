"""The proxy that the environment names for a remote system.

aiohttp can read the environment itself (`trust_env`), but then it looks into the user's netrc file at every
call as well, and fails where that file knows a host whose calls carry an Authorization header.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL


@dataclass(frozen=True, slots=True)
class Proxy:
    url: URL
    login: str
    """The value of Proxy-Authorization; "" without one."""
    tunnels: bool
    """Whether calls go through a CONNECT tunnel, as they do to an https address."""

    def place_login(self, request_headers: dict[str, str]) -> dict[str, str] | None:
        """Answer the headers for the tunnel, or add the login to the request where there is no tunnel."""
        if not self.login:
            return None
        if self.tunnels:
            return {"Proxy-Authorization": self.login}
        request_headers["Proxy-Authorization"] = self.login
        return None


def environment_proxy(
    base_url: str,
    *,
    proxies: Callable[[], Mapping[str, str]] = getproxies,
    bypass: Callable[[str], object] = proxy_bypass,
) -> Proxy | None:
    """The proxy for calls to `base_url`, by HTTP_PROXY, HTTPS_PROXY and NO_PROXY or the system's settings."""
    target = URL(base_url)
    address = proxies().get(target.scheme)
    if not address or (target.host and bypass(target.host)):
        return None
    url = URL(address if "://" in address else f"http://{address}")
    login = aiohttp.encode_basic_auth(url.user, url.password or "") if url.user else ""
    return Proxy(url.with_user(None), login, tunnels=target.scheme == "https")
