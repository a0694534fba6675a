"""Access of pages in a real browser to a registry on the user's machine."""

import http.server
import json
import os
import pathlib
import queue
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

PAGE = pathlib.Path(__file__).with_name("page.html").read_bytes()
MARKER = "theirs"
PATIENCE = 90
JSON = {"Content-Type": "application/json"}
SCHEMA = {"schemaType": "PROTOBUF", "schema": "message Theirs {}"}
# Requests to loopback must not use a proxy of the environment.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Site(http.server.ThreadingHTTPServer):
    """Serves the page, receives its report, and answers anything else like an
    unprotected registry, which shows that a page can do harm."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.reports = queue.Queue()
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/page.html"):
            return self.answer(PAGE, "text/html")
        self.server.seen.append((self.command, self.path))
        return self.answer(json.dumps([MARKER]).encode(), "application/json")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/report":
            self.server.reports.put(json.loads(body))
        else:
            self.server.seen.append((self.command, self.path))
        return self.answer(b"{}", "application/json")

    do_PUT = do_DELETE = do_POST

    def answer(self, body, content_type):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Rebound:
    """A host whose name changes to another address after its page is loaded: the
    new address answers later requests."""

    def __init__(self, target):
        self.target = urllib.parse.urlsplit(target)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            first = client.recv(65536)
            if first.startswith(b"GET /page.html"):
                head = (
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                    f"Content-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n"
                )
                client.sendall(head.encode() + PAGE)
                return
            address = (self.target.hostname, self.target.port)
            with socket.create_connection(address) as behind:
                behind.sendall(first)
                back = threading.Thread(target=pipe, args=(behind, client), daemon=True)
                back.start()
                pipe(client, behind)
                back.join()

    def close(self):
        self.listener.close()


def pipe(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Registry:
    """Runs `serve` with one subject."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [os.environ["BINARY"], "serve", "--listen", "127.0.0.1:0", "-o", "json", *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.ask("POST", f"/subjects/{MARKER}/versions", SCHEMA)

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, JSON, method=method)
        with DIRECT.open(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def subjects(self):
        return self.ask("GET", "/subjects")

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Pages(unittest.TestCase):
    def setUp(self):
        self.site = Site()
        self.addCleanup(self.site.server_close)
        self.addCleanup(self.site.shutdown)

    def registry(self, *arguments):
        registry = Registry(*arguments)
        self.addCleanup(registry.close)
        return registry

    def visit(self, page, registry):
        """Opens the page in a browser and returns its report."""
        query = urllib.parse.urlencode({"registry": registry, "report": f"{self.site.url}/report"})
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            browser = subprocess.Popen(
                [
                    os.environ["BROWSER"],
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--disable-dev-shm-usage",
                    "--no-first-run",
                    "--no-proxy-server",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--host-resolver-rules=MAP evil.example 127.0.0.1",
                    f"--user-data-dir={home}",
                    f"{page}/page.html?{query}",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "HOME": home},
            )
            try:
                return self.site.reports.get(timeout=PATIENCE)
            except queue.Empty:
                self.fail("the page never reported")
            finally:
                browser.terminate()
                browser.wait(PATIENCE)

    def assert_untouched(self, registry, learnt):
        self.assertNotIn(MARKER, json.dumps(learnt))
        self.assertEqual(registry.subjects(), [MARKER])
        self.assertEqual(registry.ask("GET", "/config"), {"compatibilityLevel": "BACKWARD"})

    def test_a_foreign_page_neither_reads_nor_writes(self):
        registry = self.registry()
        learnt = self.visit(self.site.url, registry.url)
        self.assert_untouched(registry, learnt)
        for name in ["read", "register", "configure", "delete", "text cors", "untyped cors"]:
            self.assertIn("error", learnt[name], name)
        # If the script loaded, the page would know that the subject exists.
        self.assertEqual(learnt["script"], "failed")

    def test_a_page_whose_name_is_rebound_neither_reads_nor_writes(self):
        registry = self.registry()
        host = Rebound(registry.url)
        self.addCleanup(host.close)
        page = f"http://evil.example:{host.port}"
        learnt = self.visit(page, page)
        self.assert_untouched(registry, learnt)
        # The browser sees one origin, so only the registry itself can refuse.
        for name in ["read", "register", "configure", "delete", "text cors", "untyped cors"]:
            self.assertEqual(learnt[name]["status"], 403, learnt[name])

    def test_a_page_of_an_allowed_origin_reads_and_writes(self):
        registry = self.registry("--allow-origin", self.site.url)
        learnt = self.visit(self.site.url, registry.url)
        self.assertEqual(json.loads(learnt["read"]["text"]), [MARKER])
        for name in ["register", "configure", "delete"]:
            self.assertEqual(learnt[name]["status"], 200, learnt[name])
        # A body still needs a content type, and the page can read the error.
        for name in ["text cors", "untyped cors"]:
            self.assertEqual(learnt[name]["status"], 415, learnt[name])
        self.assertEqual(registry.subjects(), ["by-fetch"])
        self.assertEqual(registry.ask("GET", "/config"), {"compatibilityLevel": "NONE"})

    def test_without_protection_both_pages_would_succeed(self):
        other = Site()
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        learnt = self.visit(self.site.url, other.url)
        self.assertEqual(learnt["script"], "loaded")
        for path in [
            "by-text-no-cors",
            "by-blob-no-cors",
            "by-beacon",
            "by-form",
            "by-encoded-form",
            "by-multipart",
        ]:
            self.assertIn(("POST", f"/subjects/{path}/versions"), other.seen)
        host = Rebound(other.url)
        self.addCleanup(host.close)
        page = f"http://evil.example:{host.port}"
        learnt = self.visit(page, page)
        self.assertEqual(json.loads(learnt["read"]["text"]), [MARKER])
        self.assertEqual(learnt["register"]["status"], 200)


if __name__ == "__main__":
    unittest.main()
