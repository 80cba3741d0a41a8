"""`TensorBoard`'s event files, read by TensorFlow."""

import glob
import io
import struct

import numpy as np
import pytest
from PIL import Image

import kerata as k
from kerata.callbacks import event_files
from kerata.callbacks.tensorboard import as_picture


@pytest.fixture(scope="module")
def events():
    """All summaries of a folder, read by TensorFlow: `(step, tag) -> value`."""
    import tensorflow as tf

    def read(folder):
        found = {}
        for path in sorted(glob.glob(f"{folder}/events.out.tfevents.*")):
            for record in tf.data.TFRecordDataset(path):  # checks every checksum
                event = tf.compat.v1.Event.FromString(record.numpy())
                found |= {(event.step, value.tag): value for value in event.summary.value}
        return found

    return read


def data(n=20):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 4)).astype("float32"), rng.normal(size=(n, 1)).astype("float32")


def model():
    built = k.Sequential([k.Input((4,)), k.layers.Dense(3, name="first"), k.layers.Dense(1, name="second")])
    built.compile("adam", "mse", metrics=["mae"])
    return built


def test_epochs_are_written_as_they_were(training_engine, tmp_path, events):
    x, y = data()
    board = k.callbacks.TensorBoard(tmp_path, write_steps_per_second=True)
    history = model().fit(x, y, epochs=2, batch_size=8, validation_data=(x, y), callbacks=[board], verbose=0).history
    train, validation = events(tmp_path / "train"), events(tmp_path / "validation")
    for name in ("loss", "mae"):
        for epoch in range(2):
            assert train[epoch, f"epoch_{name}"].simple_value == pytest.approx(history[name][epoch])
            assert validation[epoch, f"epoch_{name}"].simple_value == pytest.approx(history[f"val_{name}"][epoch])
            expected = history[f"val_{name}"][epoch]
            assert validation[3 * (epoch + 1), f"evaluation_{name}_vs_iterations"].simple_value == pytest.approx(expected)
    assert (
        train[1, "epoch_learning_rate"].simple_value == pytest.approx(1e-3)
        and train[0, "epoch_steps_per_second"].simple_value > 0
    )


@pytest.mark.parametrize("update_freq, steps", [("batch", [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), ("epoch", [])])
def test_batches_are_written_every_so_often(tmp_path, events, update_freq, steps):
    x, y = data()
    board = k.callbacks.TensorBoard(str(tmp_path), update_freq=update_freq)
    model().fit(x, y, epochs=2, batch_size=8, callbacks=[board], verbose=0)
    assert sorted(step for step, tag in events(tmp_path / "train") if tag == "batch_loss") == steps


def test_an_evaluation_of_its_own(tmp_path, events):
    x, y = data()
    trained = model()
    results = trained.evaluate(x, y, callbacks=[k.callbacks.TensorBoard(tmp_path)], verbose=0, return_dict=True)
    found = events(tmp_path / "validation")
    assert found[0, "evaluation_loss_vs_iterations"].simple_value == pytest.approx(results["loss"])


def test_weights_as_histograms_and_pictures(tmp_path, events):
    x, y = data()
    trained = model()
    board = k.callbacks.TensorBoard(tmp_path, histogram_freq=2, write_images=True)
    trained.fit(x, y, epochs=3, callbacks=[board], verbose=0)
    found = events(tmp_path / "train")
    assert {step for step, tag in found if tag.endswith("histogram")} == {0, 2}
    kernel = trained.get_layer("first").kernel.numpy().astype("float64")
    histo = found[2, "first/kernel/histogram"].histo
    np.testing.assert_allclose(
        [histo.min, histo.max, histo.sum, histo.sum_squares],
        [f(kernel) for f in (np.min, np.max, np.sum)] + [(kernel**2).sum()],
        rtol=1e-6,
    )
    assert histo.num == kernel.size == sum(histo.bucket) and len(histo.bucket) == len(histo.bucket_limit) == 30
    picture = found[2, "first/kernel/image"].image
    pixels = np.asarray(Image.open(io.BytesIO(picture.encoded_image_string)))
    assert (picture.height, picture.width, picture.colorspace) == (4, 3, 1) == (*pixels.shape, 1)
    np.testing.assert_array_equal(pixels, as_picture(kernel)[..., 0])


def test_embeddings_for_the_projector(tmp_path):
    trained = k.Sequential(
        [k.Input((3,), dtype="int32"), k.layers.Embedding(5, 2, name="words"), k.layers.Flatten(), k.layers.Dense(1)]
    )
    trained.compile("sgd", "mse")
    board = k.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"words": "words.tsv"})
    trained.fit(np.zeros((4, 3), "int32"), np.zeros((4, 1)), callbacks=[board], verbose=0)
    described = (tmp_path / "train/projector_config.pbtxt").read_text()
    assert 'tensor_path: "words.tsv"' in described and 'metadata_path: "words.tsv"' in described
    np.testing.assert_allclose(np.loadtxt(tmp_path / "train/words.tsv"), trained.layers[0].embeddings.numpy(), rtol=1e-5)
    with pytest.raises(ValueError, match="names others.*are words"):
        k.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"others": "x"}).set_model(trained)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*profiler.*:UserWarning", "ignore::FutureWarning")
def test_the_profiler_watches_the_batches_it_is_told_to(training_engine, tmp_path):
    x, y = data()
    watched = model()
    watched.fit(x, y, batch_size=8, callbacks=[k.callbacks.TensorBoard(tmp_path, profile_batch=(2, 3))], verbose=0)
    assert [p for p in (tmp_path / "plugins/profile").rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    "arguments",
    [{"update_freq": "often"}, {"update_freq": 0}, {"profile_batch": -1}, {"profile_batch": (3, 2)}, {"profile_batch": "x"}],
)
def test_arguments_that_make_no_sense_raise(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        k.callbacks.TensorBoard(**arguments)


@pytest.mark.parametrize(
    "text, crc", [(b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (b"", 0)]
)
def test_checksums_are_those_of_the_standard(text, crc):
    assert event_files.masked_crc32c(text) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_are_read_back(channels):
    pixels = np.random.default_rng(0).integers(0, 255, (5, 7, channels)).astype("uint8")
    back = np.asarray(Image.open(io.BytesIO(event_files.png(pixels))))
    np.testing.assert_array_equal(back.reshape(pixels.shape), pixels)


@pytest.mark.parametrize(
    "shape, shown",
    [
        ((), (1, 1, 1)),
        ((4,), (1, 4, 1)),
        ((3, 2), (3, 2, 1)),
        ((3, 3, 3, 8), (3, 3, 3)),
        ((3, 3, 5, 8), (3, 3, 1)),
        ((2, 3, 3, 3, 4), (2, 108, 1)),
    ],
)
def test_any_weight_is_a_picture(shape, shown):
    value = np.random.default_rng(0).normal(size=shape)
    assert as_picture(value).shape == shown and as_picture(np.full(shape, np.nan)).max() == 0


def test_numbers_that_are_not_finite_and_negative_steps(tmp_path, events):
    writer = event_files.EventWriter(tmp_path)
    writer.write("a", event_files.scalar(float("inf")), -1)
    writer.write("b", event_files.histogram([np.nan, 1.0, np.inf]), 2**40)
    writer.write("ä", event_files.histogram([]), 0)
    writer.close()
    found = events(tmp_path)
    assert found[-1, "a"].simple_value == float("inf") and found[2**40, "b"].histo.num == 1 and (0, "ä") in found


def test_a_record_begins_with_its_length(tmp_path):
    writer = event_files.EventWriter(tmp_path)
    writer.write("a", event_files.scalar(1.0), 0)
    writer.close()
    content = next(tmp_path.iterdir()).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    assert b"brain.Event:2" in content[12 : 12 + length] and len(content) > 12 + length + 4
