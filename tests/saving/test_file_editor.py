"""Files of weights looked into and changed: results as the oracle's, files that models load again, and files from strangers."""

import contextlib
import io
import json
import warnings
import zipfile

import h5py
import numpy as np
import pytest
from tests.oracle import keras

import kerata
from kerata import layers
from kerata.saving import KerasFileEditor


def network(units=4, module=kerata, trained=False):
    model = module.Sequential(
        [module.Input((3,)), module.layers.Dense(units, name="a"), module.layers.BatchNormalization(), module.layers.Dense(2)]
    )
    if trained:
        model.compile("adam", "mse")
        model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    return model


@pytest.fixture
def saved(tmp_path):
    model = network()
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    return model, path


def as_theirs(fn):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return fn()


def plain(tree):
    """A tree of dicts and shapes."""
    return {name: plain(value) if hasattr(value, "keys") else value.shape for name, value in tree.items()}


@pytest.mark.parametrize("ending", ["weights.h5", "keras"])
def test_weights_are_read_as_the_oracle_reads_them(tmp_path, ending, capsys):
    path = tmp_path / f"model.{ending}"
    model = network(trained=True)
    (model.save if ending == "keras" else model.save_weights)(path)
    editor = KerasFileEditor(path)
    theirs = as_theirs(lambda: keras().saving.KerasFileEditor(str(path)))
    assert plain(editor.weights_dict) == plain(theirs.weights_dict)
    np.testing.assert_array_equal(editor.weights_dict["layers"]["dense"]["0"], model.layers[0].kernel.numpy())
    assert editor.metadata == theirs.metadata and editor.config == theirs.config
    opened = capsys.readouterr().out
    assert opened.startswith("Keras model file") and ("Saved with Keras 3.15.1" in opened) == (ending == "keras")


def test_the_summary_shows_the_tree(tmp_path, capsys):
    inner = kerata.Sequential([kerata.Input((3,)), layers.Dense(3), layers.Dropout(0.1)])
    x = kerata.Input((3,))
    kerata.Model(x, layers.Dense(2)(inner(x))).save_weights(tmp_path / "nested.weights.h5")
    editor = KerasFileEditor(tmp_path / "nested.weights.h5")
    capsys.readouterr()
    editor.summary()
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "Weights structure",
        "└── layers",
        "    ├── dense",
        "    │   ├── 0: shape=(3, 2), dtype=float32",
        "    │   └── 1: shape=(2,), dtype=float32",
        "    └── sequential",
        "        └── layers",
        "            └── dense",
        "                ├── 0: shape=(3, 3), dtype=float32",
        "                └── 1: shape=(3,), dtype=float32",
    ]


def test_weights_are_listed_by_their_numbers(tmp_path, capsys):
    network(trained=True).save_weights(tmp_path / "model.weights.h5")
    KerasFileEditor(tmp_path / "model.weights.h5").summary()
    out = capsys.readouterr().out
    assert out.index(" 2: shape=(3, 4)") < out.index(" 10: shape=(4, 2)")


def test_comparisons(saved, capsys):
    model, path = saved
    editor = KerasFileEditor(path)
    assert editor.compare(model) == {"status": "success", "error_count": 0, "match_count": 8}
    capsys.readouterr()
    assert editor.compare(network(5)) == {"status": "error", "error_count": 7, "match_count": 1}
    out = capsys.readouterr().out
    assert "Weight /layers/dense/0 has shape (3, 5) in the model, (3, 4) in the file" in out
    longer = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), layers.Dense(2), layers.Dense(2)])
    assert editor.compare(longer) == {"status": "error", "error_count": 2, "match_count": 4}
    out = capsys.readouterr().out
    assert "Object /layers/dense_2 is in the model, and missing from the file" in out
    assert "Object /layers/batch_normalization is in the file, and missing from the model" in out


@pytest.mark.parametrize("units", [2, 3])
def test_comparisons_of_one_layer_are_the_oracles(tmp_path, units):
    path = str(tmp_path / "one.weights.h5")
    one = lambda module, n: module.Sequential([module.Input((3,)), module.layers.Dense(n)])
    one(kerata, 2).save_weights(path)
    expected = as_theirs(lambda: keras().saving.KerasFileEditor(path).compare(one(keras(), units)))
    found = KerasFileEditor(path).compare(one(kerata, units))
    assert found["status"] == expected["status"] and found["match_count"] == expected["match_count"]


def test_the_optimizer_counts(tmp_path):
    trained = network(trained=True)
    trained.save_weights(tmp_path / "model.weights.h5")
    editor = KerasFileEditor(tmp_path / "model.weights.h5")
    assert editor.compare(network())["error_count"] == 1
    assert editor.compare(trained)["status"] == "success"
    editor.delete_object("optimizer")
    assert editor.compare(network())["status"] == "success"


def test_a_file_is_made_to_fit_another_model(saved, tmp_path):
    model, path = saved
    changed = kerata.Sequential([kerata.Input((3,)), layers.EinsumDense("ab,bc->ac", 4, bias_axes="c"), layers.Dense(2)])
    editor = KerasFileEditor(path)
    editor.delete_object("batch_normalization")
    kernel, bias = (editor.weights_dict["layers"]["dense"][n] for n in "01")
    editor.delete_object("layers/dense")
    editor.add_object("layers/einsum_dense", {"0": kernel})
    editor.add_weights("einsum_dense", {"1": bias})
    editor.rename_object("/layers/dense_1", "dense")
    assert editor.compare(changed)["status"] == "success"
    editor.save(tmp_path / "changed.weights.h5")
    changed.load_weights(tmp_path / "changed.weights.h5")
    for mine, expected in zip(changed.get_weights(), [*model.layers[0].get_weights(), *model.layers[2].get_weights()]):
        np.testing.assert_array_equal(mine, expected)
    theirs = as_theirs(lambda: keras().Sequential([keras().Input((3,)), keras().layers.EinsumDense("ab,bc->ac", 4, bias_axes="c"), keras().layers.Dense(2)]))  # fmt: skip
    as_theirs(lambda: theirs.load_weights(str(tmp_path / "changed.weights.h5")))
    np.testing.assert_array_equal(np.asarray(theirs.weights[0]), kernel)


def test_saved_again_a_file_is_the_same(tmp_path):
    model = network(trained=True)
    model.save_weights(tmp_path / "first.weights.h5")
    KerasFileEditor(tmp_path / "first.weights.h5").resave_weights(tmp_path / "second.weights.h5")

    def content(path):
        with h5py.File(path) as file:
            found = {}
            file.visititems(
                lambda name, x: found.update({name: (dict(x.attrs), x[()].tolist() if hasattr(x, "shape") else None)})
            )
            return found

    assert content(tmp_path / "first.weights.h5") == content(tmp_path / "second.weights.h5")


def test_names_of_layers_go_along_with_a_renamed_object(saved, tmp_path):
    editor = KerasFileEditor(saved[1])
    editor.rename_object("layers", "parts")
    assert editor.object_metadata["parts/dense"] == {"name": "a"}
    editor.rename_object("dense", "first")
    editor.save(tmp_path / "new.weights.h5")
    with h5py.File(tmp_path / "new.weights.h5") as file:
        assert file["parts/first/vars"].attrs["name"] == "a" and "layers" not in file


def test_low_precision_weights(tmp_path):
    model = kerata.Sequential([kerata.Input((3,)), layers.Dense(2, dtype="bfloat16")])
    model.save_weights(tmp_path / "low.weights.h5")
    editor = KerasFileEditor(tmp_path / "low.weights.h5")
    assert editor.weights_dict["layers"]["dense"]["0"].dtype.name == "bfloat16"
    editor.add_weights("dense", {"1": model.layers[0].bias.numpy() + 1})
    editor.save(tmp_path / "new.weights.h5")
    model.load_weights(tmp_path / "new.weights.h5")
    assert model.layers[0].bias.numpy().astype("float32").tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda e: e.rename_object("dens", "x"), "no object 'dens' in the file. It has layers, layers/batch_normalization"),
        (lambda e: e.rename_object("layers/none", "x"), "no object 'layers/none'"),
        (lambda e: e.rename_object("dense", "dense_1"), "already"),
        (lambda e: e.rename_object("dense", "a/b"), "without '/'"),
        (lambda e: e.rename_object("dense", "../x"), "without '/'"),
        (lambda e: e.rename_object("dense", "vars"), "not 'vars'"),
        (lambda e: e.rename_object("", "x"), "'' came"),
        (lambda e: e.delete_object("layers/dense/0"), "no object 'layers/dense/0'"),
        (lambda e: e.delete_weight("dense", "7"), "no weight '7'; it has '0', '1'"),
        (lambda e: e.add_object("layers/dense", {"0": 1.0}), "is an object 'layers/dense' already"),
        (lambda e: e.add_object("zoo/lion", {"0": 1.0}), "no 'zoo' to put 'lion' into"),
        (lambda e: e.add_object("layers/new", [1.0]), "dict from name to array"),
        (lambda e: e.add_object("layers/new", {"0": "text"}), "array of numbers"),
        (lambda e: e.add_weights("layers", {"dense": np.ones(2)}), "is an object inside 'layers'"),
        (lambda e: e.save("model.h5"), "ends in .weights.h5"),
        (lambda e: e.compare(kerata.Sequential([layers.Dense(2)])), "is not built"),
    ],
)
def test_errors_change_nothing(saved, change, message):
    editor = KerasFileEditor(saved[1])
    before = plain(editor.weights_dict)
    with pytest.raises(ValueError, match=message):
        change(editor)
    assert plain(editor.weights_dict) == before


def test_names_that_several_objects_have(tmp_path):
    inner = kerata.Sequential([kerata.Input((3,)), layers.Dense(3)])
    x = kerata.Input((3,))
    kerata.Model(x, layers.Dense(2)(inner(x))).save_weights(tmp_path / "nested.weights.h5")
    editor = KerasFileEditor(tmp_path / "nested.weights.h5")
    with pytest.raises(ValueError, match="several objects; give a path: layers/dense, layers/sequential/layers/dense"):
        editor.delete_object("dense")
    editor.delete_object("layers/sequential/layers/dense")
    assert "dense" in editor.weights_dict["layers"]


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        KerasFileEditor(tmp_path / "none.weights.h5")
    with pytest.raises(ValueError, match="opens .keras and .weights.h5 files"):
        KerasFileEditor(tmp_path / "model.h5")
    for name, message in (("bad.weights.h5", "no HDF5 file"), ("bad.keras", "no .keras file")):
        (tmp_path / name).write_text("nothing")
        with pytest.raises(ValueError, match=message):
            KerasFileEditor(tmp_path / name)


def linked(file):
    file["layers/dense/vars"] = h5py.ExternalLink("/etc/passwd", "/")


def soft(file):
    file["layers/dense"] = h5py.SoftLink("/layers/dense_1")


def outside(file):
    file.create_dataset("layers/dense/vars/0", (4,), "uint8", external=[("/etc/passwd", 0, 4)])


def texts(file):
    file.create_dataset("layers/dense/vars/0", data=["a", "b"])


def bomb(file):
    file.create_dataset("layers/dense/vars/0", (10**7, 10**4), "float32", chunks=(1000, 1000))


def bare(file):
    file["layers/dense/0"] = np.ones(3)


def deep(file):
    file.create_group("/".join("a" * 200))


@pytest.mark.parametrize("write, message", [(linked, "ExternalLink"), (soft, "SoftLink"), (outside, "another file"), (texts, "holds numbers"), (bomb, "more than the file holds"), (bare, "outside of any 'vars'"), (deep, "levels deep")])  # fmt: skip
def test_files_from_strangers(tmp_path, write, message):
    path = tmp_path / "strange.weights.h5"
    with h5py.File(path, "w") as file:
        write(file)
    with pytest.raises(ValueError, match=message):
        KerasFileEditor(path)
    with zipfile.ZipFile(tmp_path / "strange.keras", "w") as zipped:
        zipped.writestr("config.json", json.dumps({}))
        zipped.write(path, "model.weights.h5")
    with pytest.raises(ValueError, match=message):
        KerasFileEditor(tmp_path / "strange.keras")


def test_texts_of_strangers_are_no_markup(tmp_path, capsys):
    with h5py.File(tmp_path / "odd.weights.h5", "w") as file:
        file["[red]x[/]/vars/0"] = np.ones(3)
    KerasFileEditor(tmp_path / "odd.weights.h5").summary()
    assert "[red]x[" in capsys.readouterr().out
