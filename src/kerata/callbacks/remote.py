"""`RemoteMonitor`: send logs to a server."""

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerata.callbacks.callback import Callback
from kerata.core.fields import dataclass
from kerata.engines.warning import warn

_TIMEOUT = 10  # seconds


@dataclass
class RemoteMonitor(Callback):
    """Send every epoch's logs to a server by HTTP POST. A server that can't be reached is warned of, and training goes on.

    Args:
        root: the server's address.
        path: where on it.
        field: the form's field that the JSON is in.
        headers: further headers.
        send_as_json: whether the body is the JSON itself rather than a form.

    >>> import kerata
    >>> monitor = kerata.callbacks.RemoteMonitor("https://example.org", path="/runs/7/", send_as_json=True)
    >>> monitor.root + monitor.path  # where `fit(callbacks=[monitor])` sends {"epoch": 0, "loss": ...}
    'https://example.org/runs/7/'
    """

    root: str = "http://localhost:9000"
    path: str = "/publish/epoch/end/"
    field: str = "data"
    headers: Mapping[str, str] | None = None
    send_as_json: bool = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Send the logs."""
        values = {name: np.asarray(value).tolist() for name, value in (logs or {}).items()}
        text = json.dumps({"epoch": epoch, **values})
        body = text if self.send_as_json else urllib.parse.urlencode({self.field: text})
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        request = urllib.request.Request(self.root + self.path, body.encode(), {"Content-Type": kind, **(self.headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT):
                pass
        except OSError as error:
            warn(f"RemoteMonitor: {self.root} did not take the logs: {error}.")
