"""A user's server of the tests: answers every request, until it is told to end."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit


class Anything(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
HTTPServer((str(address.hostname), int(address.port or 0)), Anything).serve_forever()
