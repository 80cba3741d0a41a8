"""`Progbar` in a terminal, in a file and silent; and the switches of interactive logging."""

import contextlib
import io
import logging

import pytest

from kerata import utils


class Terminal(io.StringIO):
    def isatty(self):
        return True


def in_terminal(steps):
    """What `steps` shows in a terminal."""
    with contextlib.redirect_stdout(Terminal()) as screen:
        steps()
    return screen.getvalue()


def test_a_terminal_shows_averages_and_at_the_end_the_values_themselves():
    def steps():
        bar = utils.Progbar(4, width=8, interval=0, stateful_metrics=["s"])
        for i in range(4):
            bar.update(i + 1, [("loss", float(i)), ("s", i)])

    shown = in_terminal(steps).split("\r")[1:]
    assert shown[1].startswith("2/4 ━━━━──── - ") and "loss: 0.5000 - s: 1.0000" in shown[1]
    assert "loss: 1.0000 - s: 2.0000" in shown[2]
    assert "loss: 3.0000 - s: 3.0000" in shown[3] and shown[3].endswith("\n") and "4/4 ━━━━━━━━ -" in shown[3]


def test_steps_weigh_by_their_number():
    def steps():
        bar = utils.Progbar(10, interval=0)
        bar.add(2, [("loss", 2.0)])
        bar.add(3, [("loss", 1.0)])

    shown = in_terminal(steps)
    assert "5/10" in shown and "loss: 1.4000" in shown


def test_an_unknown_target():
    def steps():
        bar = utils.Progbar(None, interval=0, unit_name="sample")
        bar.add(2)
        bar.update(3, [("loss", 1.0)], finalize=True)

    shown = in_terminal(steps)
    assert "2/Unknown - " in shown and "/sample - loss: 1.0000" in shown


def test_stateless_metrics_are_the_ones_that_are_averaged():
    def steps():
        bar = utils.Progbar(3, interval=0, stateless_metrics=["loss"])
        bar.update(1, [("loss", 0.0), ("s", 0.0)])
        bar.update(2, [("loss", 1.0), ("s", 1.0)])

    assert "loss: 0.5000 - s: 1.0000" in in_terminal(steps)


@pytest.mark.parametrize("verbose", [1, 2])
def test_elsewhere_one_line_is_printed_at_the_end(capsys, verbose):
    bar = utils.Progbar(3, verbose=verbose, interval=0)
    for i in range(3):
        bar.update(i + 1, [("loss", 1e-5)])
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and out.startswith("3/3 - ") and "loss: 1.0000e-05" in out and "\r" not in out


def test_silence_and_few_updates():
    assert in_terminal(lambda: utils.Progbar(1, verbose=0).update(1)) == ""
    bar = utils.Progbar(1000, interval=1000)
    assert in_terminal(lambda: [bar.update(i) for i in range(999)]).count("\r") == 1


def test_without_interactive_logging_lines_go_to_the_log(capsys, caplog):
    assert utils.is_interactive_logging_enabled()
    utils.disable_interactive_logging()
    try:
        assert not utils.is_interactive_logging_enabled()
        with caplog.at_level(logging.INFO, "kerata"):
            utils.Progbar(2).update(2)
    finally:
        utils.enable_interactive_logging()
    assert capsys.readouterr().out == "" and caplog.messages[0].startswith("2/2 - ")


def test_both_kinds_of_names_raise():
    with pytest.raises(ValueError, match="not both"):
        utils.Progbar(3, stateful_metrics=["a"], stateless_metrics=["b"])
