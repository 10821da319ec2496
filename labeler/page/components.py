"""Streamlit components with JavaScript of our own, and the route that serves their ES modules.

Streamlit takes a component's JavaScript as one text. Ours is one line that imports the component's module from the
route ``/front/<version>/``. The version is a hash of all modules, so a browser may keep them for ever. Data from a
store or a journal never becomes part of JavaScript or HTML: it travels in ``data`` and is shown as text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

FRONT = Path(__file__).parent.parent / "front"
_MODULES = {path.relative_to(FRONT).as_posix(): path.read_bytes() for path in sorted(FRONT.rglob("*.js"))}
VERSION = hashlib.sha256(repr(_MODULES).encode()).hexdigest()[:12]
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def read_front(*names: str) -> str:
    """The text of some files of ``front/``, one after the other."""
    return "\n".join((FRONT / name).read_text(encoding="utf-8") for name in names)


def mount(name: str) -> Callable[..., Any]:
    """Register the component of ``front/<name>.html``, ``.css`` and ``.js``, such as ``deck/deck``. Call at import.

    The module's default export is called with Streamlit's component object, at first and at each change of its data.
    """
    script = (
        f"const module = import(new URL('front/{VERSION}/{name}.js', document.baseURI));\n"
        "export default async (component) => (await module).default(component);"
    )
    style = read_front("common/theme.css", f"{name}.css")
    return st.components.v2.component(
        f"cartwright_{Path(name).name}", html=read_front(f"{name}.html"), css=style, js=script
    )


def keep() -> None:
    """What a value of a component calls when it changes: Streamlit keeps only values that have a callback."""


def get_module(request: Request) -> Response:
    """A module of this version; 404 for every other file or version."""
    module = _MODULES.get(request.path_params["name"])
    if module is None or request.path_params["version"] != VERSION:
        return PlainTextResponse("there is no such module", 404)
    return Response(module, media_type="text/javascript", headers=_FOR_EVER)


FRONT_ROUTES = (Route("/front/{version}/{name:path}", get_module),)
