"""A web server on this machine."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def folder(path):
    """A server of a folder's files, with `folder`, `url` and the list `asked` of what was asked for.

    Its attribute `cut_off_after` makes answers end after so many bytes.
    """
    path.mkdir(parents=True, exist_ok=True)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(path), **kwargs)

        def do_GET(self):
            running.asked.append(self.path)
            super().do_GET()

        def copyfile(self, source, outputfile):
            outputfile.write(source.read(running.cut_off_after if running.cut_off_after is not None else -1))

        def log_message(self, *args):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.folder, running.asked, running.cut_off_after = path, [], None
    running.url = f"http://127.0.0.1:{running.server_port}/"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
