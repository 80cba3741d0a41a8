"""`SwapEMAWeights` beside the oracle's, and `RemoteMonitor` with a server of this machine."""

import contextlib
import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

import kerata as k
from tests.oracle import keras as oracle


def weights_seen(keras, swap_on_epoch):
    """The one weight, at the ends of epochs, of training, of `fit` and of `evaluate`; and the losses."""
    x = np.arange(8.0)[:, None].astype("float32") / 8
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9), "mse")
    weight = lambda: float(np.asarray(model.weights[0])[0, 0])
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.extend([weight(), logs["val_loss"]])

        def on_train_end(self, logs=None):
            seen.append(weight())

    callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch), Look()]
    model.fit(x, 2 * x, epochs=3, batch_size=4, shuffle=False, verbose=0, validation_data=(x, 2 * x), callbacks=callbacks)
    seen.append(weight())
    seen.append(model.evaluate(x, 2 * x, verbose=0, callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch)]))
    seen.append(float(model.predict(x, verbose=0, callbacks=[keras.callbacks.SwapEMAWeights()])[-1, 0]))
    return [*seen, weight()]


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_are_used_when_keras_uses_them(training_engine, swap_on_epoch):
    np.testing.assert_allclose(weights_seen(k, swap_on_epoch), weights_seen(oracle(), swap_on_epoch), rtol=1e-4)


def test_before_the_first_update_there_are_no_averages():
    model = k.Sequential([k.Input((1,)), k.layers.Dense(1, kernel_initializer="ones")])
    model.compile(k.optimizers.SGD(use_ema=True), "mse")
    model.optimizer.build(model.trainable_variables)
    assert model.predict(np.ones((1, 1)), callbacks=[k.callbacks.SwapEMAWeights()], verbose=0).item() == 1


def test_an_optimizer_without_averages_raises():
    model = k.Sequential([k.Input((1,)), k.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="use_ema=True"):
        model.predict(np.ones((1, 1)), callbacks=[k.callbacks.SwapEMAWeights()], verbose=0)


@contextlib.contextmanager
def listening(status=200):
    """A server that keeps what is posted to it."""
    posted = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("send_as_json", [False, True])
def test_logs_are_posted(send_as_json):
    with listening() as (root, posted):
        monitor = k.callbacks.RemoteMonitor(root, field="values", headers={"X-Mine": "1"}, send_as_json=send_as_json)
        model = k.Sequential([k.Input((1,)), k.layers.Dense(1)])
        model.compile("sgd", "mse")
        history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, callbacks=[monitor], verbose=0).history
    assert [path for path, _, _ in posted] == ["/publish/epoch/end/"] * 2 and posted[0][1]["X-Mine"] == "1"
    bodies = [body if send_as_json else urllib.parse.parse_qs(body)["values"][0] for _, _, body in posted]
    assert [json.loads(body) for body in bodies] == [{"epoch": i, "loss": history["loss"][i]} for i in range(2)]
    assert posted[0][1]["Content-Type"] == ("application/json" if send_as_json else "application/x-www-form-urlencoded")


def test_a_server_that_is_not_there_is_warned_of():
    with pytest.warns(UserWarning, match="127.0.0.1:9 did not take"):
        k.callbacks.RemoteMonitor("http://127.0.0.1:9").on_epoch_end(0, {"loss": np.float32(1)})
    with listening(500) as (root, _), pytest.warns(UserWarning, match="500"):
        k.callbacks.RemoteMonitor(root).on_epoch_end(0, {"loss": np.ones(2)})
