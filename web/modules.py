"""The modules of the page that a module needs, so that a browser may load them all at once.

Else it would find them one after the other, each by the import of the one before.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from web.assets import read_assets

# What the modules call by a bare name.
PACKAGES = {
    "preact": "vendor/preact.mjs",
    "preact/hooks": "vendor/hooks.mjs",
    "htm": "vendor/htm.mjs",
}
# An import of several lines ends with a line of its own.
_IMPORT = re.compile(r"""^(?:import|export|\})[^;"'\n]*\bfrom ?["']([^"']+)["']""", re.MULTILINE)


@lru_cache
def list_modules(*names: str) -> list[str]:
    """Return these modules and all that they import; their names are those of the assets."""
    found: dict[str, None] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop(0)
        if name not in found:
            found[name] = None
            wanted += _list_imports(name)
    return list(found)


def _list_imports(name: str) -> list[str]:
    source = read_assets().files[name].plain.decode()
    folder = posixpath.dirname(name)
    return [
        PACKAGES.get(path) or posixpath.normpath(posixpath.join(folder, path))
        for path in _IMPORT.findall(source)
    ]
