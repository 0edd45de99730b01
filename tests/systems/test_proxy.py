"""Which proxy of the environment a call takes, and where it logs in there."""

from yarl import URL

from hamgam.systems.proxy import Proxy, environment_proxy


def proxy_of(base_url: str, address: str, bypass: bool = False) -> Proxy | None:
    proxies = {"http": address, "https": address}
    return environment_proxy(base_url, proxies=lambda: proxies, bypass=lambda host: bypass)


def test_the_proxy_of_the_environment() -> None:
    assert proxy_of("http://crm.example.com", "") is None
    assert proxy_of("http://crm.example.com", "http://proxy.example.com:3128", bypass=True) is None
    plain = proxy_of("http://crm.example.com/base", "http://proxy.example.com:3128")
    assert plain == Proxy(URL("http://proxy.example.com:3128"), "", tunnels=False)


def test_a_login_to_the_proxy_goes_where_the_proxy_reads_it() -> None:
    login = "Basic dXNlcjpwdw=="
    headers: dict[str, str] = {}
    plain = proxy_of("http://crm.example.com", "user:pw@proxy.example.com:3128")
    assert plain is not None
    assert plain.url == URL("http://proxy.example.com:3128")
    assert plain.place_login(headers) is None
    assert headers == {"Proxy-Authorization": login}
    tunnel = proxy_of("https://crm.example.com", "http://user:pw@proxy.example.com:3128")
    assert tunnel is not None
    assert tunnel.place_login({}) == {"Proxy-Authorization": login}
