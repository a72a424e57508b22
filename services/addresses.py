"""Network addresses of clients, as sockets and proxies write them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

# Some proxies write the client's port too (RFC 7239, 6): 192.0.2.1:4711, [2001:db8::1]:4711.
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d*)?|([0-9.]+):\d*")


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address without port and zone, an IPv4 one also where it is written as IPv6."""
    found = _WITH_PORT.fullmatch(text.strip())
    bare = (found[1] or found[2] or "") if found else text.strip()
    try:
        parsed = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
