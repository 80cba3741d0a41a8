"""The nearest name, and errors about arguments that are not there."""

import pytest

import kerata
from kerata.core import suggestions
from kerata.core.configurable import NamedArguments


@pytest.mark.parametrize(
    "name, near",
    [("unit", "units"), ("UNITS", "units"), ("kernel", None), ("", None), (3, None), ("axi", "axis"), ("Axis", "axis")],
)
def test_nearest(name, near):
    assert suggestions.nearest(name, ["units", "axis", "Shape"]) == near
    assert suggestions.hint(name, ["units", "axis"]) == ("" if near is None else f" Did you mean {near!r}?")


def test_names_that_are_handed_on_are_taken_and_suggested():
    def save(path, **kwargs):
        suggestions.refuse(save, kwargs, ("quality",))

    save("x", quality=3)
    with pytest.raises(TypeError, match="save has no argument 'qualty'. Did you mean 'quality'?"):
        save("x", qualty=3)
    with pytest.raises(TypeError, match="save has no argument 'no'. It takes path, quality."):
        save("x", no=3)


class Named(metaclass=NamedArguments):
    def __init__(self, length, width=2):
        self.size = length, width


class Wider(Named):
    def __init__(self, color, **kwargs):
        super().__init__(**kwargs)
        self.color = color


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Named(1, widht=2), "Named has no argument 'widht'. Did you mean 'width'?"),
        (lambda: Named(lenght=1), "Named has no argument 'lenght'. Did you mean 'length'?"),
        (lambda: Wider(colour="red", length=1), "Wider has no argument 'colour'. Did you mean 'color'?"),
        (lambda: Wider("red", length=1, widht=2), "Named.* unexpected keyword argument 'widht'"),
        (lambda: Named(width=3), "missing 1 required positional argument: 'length'"),
        (lambda: kerata.initializers.Zeros(seed=1), "Zeros has no argument 'seed'. It takes none by name."),
        (
            lambda: kerata.layers.Reshape(target_shpe=(2,)),
            "Reshape has no argument 'target_shpe'. Did you mean 'target_shape'?",
        ),
    ],
)
def test_constructors_name_the_nearest(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_constructors_take_what_they_name():
    assert Named(1, width=3).size == (1, 3) and Wider("red", length=1).size == (1, 2)


def test_classes_of_ones_own_may_take_what_they_like():
    class Open(kerata.losses.Loss):
        def __init__(self, **kwargs):
            self.extra = kwargs.pop("extra")
            super().__init__(**kwargs)

    class Old:
        def __new__(cls, **kwargs):
            made = super().__new__(cls)
            made.given = kwargs
            return made

    class Mixed(Old, metaclass=NamedArguments):
        pass

    assert Open(extra=3, name="x").extra == 3 and Mixed(anything=1).given == {"anything": 1}
