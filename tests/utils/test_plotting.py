"""Pictures of models: what is told, and that boxes don't overlap nor lines run through them."""

import itertools
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image

import kerata as k
from kerata import layers
from kerata.utils import model_to_dot, plot_model


def chain():
    return k.Sequential(
        [k.Input((8,)), layers.Dense(4, "relu", name="first"), layers.Dropout(0.5), layers.Dense(1, name="second")]
    )


def residual():
    x = inputs = k.Input((8, 8, 3))
    x = layers.Conv2D(4, 1)(x)
    for _ in range(2):
        y = layers.Conv2D(4, 3, padding="same")(x)
        x = layers.Add()([x, layers.BatchNormalization()(y)])
    return k.Model(inputs, [layers.Flatten()(x), x * 2])


def shared():
    a, b, dense = k.Input((3,), name="a"), k.Input((4,), name="b"), layers.Dense(2, name="shared")
    middle = layers.Dense(3, name="middle")(b)
    return k.Model([a, b], layers.Dot(1, name="dot")([dense(a), dense(middle)]))


def nested():
    inner = k.Sequential([k.Input((8,)), layers.Dense(4, name="inside")], name="inner")
    inputs = k.Input((8,), name="x")
    return k.Model(inputs, layers.Dense(1, name="after")(inner(inputs)))


def branches():
    x = inputs = k.Input((8,), name="x")
    for i in range(2):
        ways = [layers.Dense(2, name=f"w{i}{j}")(layers.Dense(3, name=f"v{i}{j}")(x)) for j in range(4)]
        x = layers.Concatenate(name=f"joined{i}")([*ways, layers.Dense(2, name=f"short{i}")(x)])
    return k.Model(inputs, x)


MODELS = [chain, residual, shared, nested, branches]


def crosses(box, start, end):
    """Whether a line goes through the inside of a box."""
    low, high = 0.0, 1.0
    for at, to, begin, size in ((start[0], end[0], box.x, box.width), (start[1], end[1], box.y, box.height)):
        near, far = begin + 1, begin + size - 1
        if at == to:
            if not near < at < far:
                return False
            continue
        first, second = sorted(((near - at) / (to - at), (far - at) / (to - at)))
        low, high = max(low, first), min(high, second)
    return low < high


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_boxes_and_lines_keep_clear_of_each_other(make, rankdir):
    def check(diagram):
        for one, other in itertools.combinations(diagram.boxes, 2):
            apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert apart_x or one.y + one.height <= other.y or other.y + other.height <= one.y
        for box in diagram.boxes:
            assert -1e-6 <= box.x <= diagram.width - box.width + 1e-6 and -1e-6 <= box.y <= diagram.height - box.height + 1e-6
            if box.inner is not None:
                check(box.inner)
        for path in diagram.paths:
            for start, end in itertools.pairwise(path):
                assert not [box.key for box in diagram.boxes if crosses(box, start, end)]

    check(model_to_dot(make(), show_shapes=True, expand_nested=True, rankdir=rankdir).diagram)


def edges(model, **arguments):
    return {tuple(pair) for pair in model_to_dot(model, **arguments).diagram.edges}


def test_every_connection_is_drawn():
    model = chain()
    names = [model.inputs[0]._keras_history[0].name, *(layer.name for layer in model.layers)]
    assert edges(model) == set(itertools.pairwise(names))
    assert edges(shared()) == {("a", "shared"), ("b", "middle"), ("middle", "shared"), ("shared", "dot")}
    assert len(edges(branches())) == 2 * (4 * 3 + 2)


def texts(path):
    return [element.text for element in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_what_is_asked_for_is_told(tmp_path):
    model = chain()
    model.layers[0].trainable = False
    plot_model(model, tmp_path / "plain.svg")
    assert texts(tmp_path / "plain.svg") == ["InputLayer", "Dense", "Dropout", "Dense"]
    every = dict.fromkeys(("show_shapes", "show_dtype", "show_layer_names", "show_layer_activations", "show_trainable"), True)
    plot_model(model, str(tmp_path / "all.svg"), **every)
    told = texts(tmp_path / "all.svg")
    assert told[told.index("first (Dense)") :][:6] == [
        "first (Dense)", "activation: relu", "input: (None, 8)", "output: (None, 4)", "dtype: float32", "not trainable",
    ]  # fmt: skip
    plot_model(residual(), tmp_path / "ops.svg", show_shapes=True)
    assert "multiply" in texts(tmp_path / "ops.svg") and "input: [(None, 8, 8, 4), (None, 8, 8, 4)]" in texts(
        tmp_path / "ops.svg"
    )


def test_models_inside_are_opened_when_asked(tmp_path):
    plot_model(nested(), tmp_path / "closed.svg", show_layer_names=True)
    plot_model(nested(), tmp_path / "open.svg", show_layer_names=True, expand_nested=True)
    assert "inside (Dense)" not in texts(tmp_path / "closed.svg") and "inner (Sequential)" in texts(tmp_path / "closed.svg")
    assert {"inside (Dense)", "inner (Sequential)"} <= set(texts(tmp_path / "open.svg"))


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_pictures_have_the_size_of_the_diagram(tmp_path, ending):
    plot_model(residual(), tmp_path / f"x.{ending}", dpi=48)
    plot_model(residual(), tmp_path / "x.svg")
    drawn = ElementTree.parse(tmp_path / "x.svg").getroot()
    with Image.open(tmp_path / f"x.{ending}") as image:
        assert image.size == pytest.approx([int(drawn.get(side)) / 2 for side in ("width", "height")], abs=1)
        assert len(image.convert("RGB").getcolors(1 << 20)) > 10


def test_graphviz_is_written_too(tmp_path):
    plot_model(nested(), tmp_path / "x.dot", show_layer_names=True, expand_nested=True, rankdir="LR")
    text = (tmp_path / "x.dot").read_text()
    assert "rankdir=LR" in text and 'subgraph "cluster_inner"' in text and '"inner/inside" -> "after"' in text
    assert text.count("{") == text.count("}")


def test_subclassed_models_show_their_layers():
    class Mine(k.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(2, name="a"), layers.Dense(3, name="b")

        def call(self, x):
            return self.b(self.a(x))

    model = Mine()
    model.build((None, 4))
    diagram = model_to_dot(model).diagram
    assert [box.title for box in diagram.boxes] == ["a (Dense)", "b (Dense)"] and not diagram.edges


def test_a_deep_model_is_drawn(tmp_path):
    x = inputs = k.Input((4,))
    for _ in range(60):
        x = layers.Add()([x, layers.Activation("relu")(x)])
    plot_model(k.Model(inputs, x), tmp_path / "deep.png", dpi=300)
    with Image.open(tmp_path / "deep.png") as image:
        assert max(image.size) <= 16100


def test_what_can_not_be_drawn_raises(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="not built"):
        plot_model(k.Sequential([layers.Dense(1)]), tmp_path / "x.png")
    with pytest.raises(ValueError, match="'UP' came"):
        plot_model(chain(), tmp_path / "x.png", rankdir="UP")
    with pytest.raises(TypeError, match="'layers'"):
        plot_model(chain(), tmp_path / "x.png", layers=3)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="Graphviz's dot"):
        plot_model(chain(), tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_place_is_refused(tmp_path):
    model = k.Sequential([k.Input((3,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="subgraph=True"):
        model_to_dot(model, subgraph=True)
    with pytest.raises(TypeError, match="plot_model has no argument 'show_shape'. Did you mean 'show_shapes'?"):
        plot_model(model, tmp_path / "model.svg", show_shape=True)
