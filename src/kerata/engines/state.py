"""Where a thread stands: its engine, the scope in which variables are read and written, the layers' calls around it.

Code in kerata is stateful: layers read and assign variables. To compile it, an engine runs it as a pure function
inside a `StateScope`, which holds the variables' values for the time being and notes which were assigned.
"""

import collections
import contextlib
import threading
from typing import Any


class ThreadContext(threading.local):
    def __init__(self):
        self.engine = None  # set by use_engine(); None means the default engine
        self.outer_name = None  # the engine around an abstract run
        self.scope = None  # the innermost StateScope
        self.depth = 0  # how many layers' calls are around
        self.training = None  # what the innermost of them was told of training
        self.call_arguments = None  # values of the arguments that layers hand on to those inside, by name
        self.autocast = None  # the dtype in which float variables are read; None for their own
        self.remat = None  # the innermost RematScope
        self.observer = None  # called with each layer and its outputs, when somebody looks for something
        self.in_step = False  # whether a step of training, evaluation or prediction runs, or is traced
        self.host_values = None  # id of a variable -> its value, while several were read at once
        self.losses_noted = False  # whether a layer added a loss outside all scopes
        self.valid = None  # of a padded batch: 1 for each row that is real, 0 for the others, (batch,)
        self.findings = None  # the `Findings` that notes of what is wrong go to
        self.step = 0  # the step that they are noted with
        self.name_counts: collections.Counter[str | None] = collections.Counter()  # how often each automatic name was given
        self.name_scopes = []  # the names of the name scopes around
        self.custom_objects = []  # the tables of the `CustomObjectScope`s around
        self.safe_mode = None  # whether files are read that nobody trusts; None outside of loading
        self.shared_written = None  # while objects are saved: id of an object -> (the object, its number)
        self.shared_read = None  # while objects are loaded: number -> the object
        self.vectorizing = 0  # how many vectorised functions are being traced around
        self.recording = None  # the recording of kernels that runs
        self.recorded_for_compiler = None  # whether what is recorded goes to a compiler; None outside of recording
        self.gradients = 0  # how many gradients are being taken around
        self.gradients_of = ()  # the variables by whose storage the innermost is taken
        self.scopes_opened = ()  # scopes that hold what was assigned to one of these


context = ThreadContext()


@contextlib.contextmanager
def thread_context(**values):
    """Inside, the fields of `context` that `values` names are what it says."""
    fields = context.__dict__
    before = {name: fields[name] for name in values}
    fields.update(values)
    try:
        yield
    finally:
        fields.update(before)


# Held while variables' values are moved between memories, and while a program has them: other threads may read.
storage_lock = threading.RLock()


class SharedStorage:
    """The values of several variables in one piece of an engine's memory.

    A variable whose value is in one gets storage of its own when somebody reads or assigns it, and says so.
    """

    is_whole = False  # whether all variables' values are here and nowhere else

    def part(self):
        """Give each variable whose value is still here storage of its own."""

    def numpy(self, variable):
        """The value of one of the variables, as a NumPy array of its own."""


class UnlistedVariables(Exception):
    """A compiled function touched variables that it was not given; the caller adds them and traces once more."""

    def __init__(self, variables):
        super().__init__(f"{len(variables)} variables were not listed")
        self.variables = variables


class StateScope:
    """Values of variables while a stateful function runs as a pure one.

    A read looks through the scopes from the innermost outwards and ends at the variable's stored value; a write stays in
    the innermost scope. `closed=True` notes every read of a variable that no scope holds, so that a compiler never bakes
    a weight into a program as a constant. `in_place=True` says that the values are the scope's own memory, which may be
    changed.
    """

    def __init__(self, variables=(), values=(), closed=False, in_place=False):
        self.values = {id(v): value for v, value in zip(variables, values)}
        self.owners = {id(v): v for v in variables}
        self.assigned = {}
        self.losses = {}  # layer id -> list of losses added in this scope
        self.masks = {}  # id of an array -> (the array, its mask)
        self.unlisted: Any = {} if closed else None
        self.in_place = in_place
        self.parent = None

    def __enter__(self):
        self.parent = context.scope
        context.scope = self
        return self

    def __exit__(self, *exception):
        context.scope = self.parent

    def write(self, variable, value):
        key = id(variable)
        if self.unlisted is not None and key not in self.owners:
            self.unlisted[key] = variable
        self.owners[key] = variable
        self.values[key] = value
        self.assigned[key] = variable

    def unknown(self, variable):
        """Note a variable that a closed scope does not hold; its value here, None for the stored one."""
        self.unlisted[id(variable)] = variable

    def updates(self):
        """The assigned variables and their values, as two lists."""
        return list(self.assigned.values()), [self.values[key] for key in self.assigned]


def outside_scopes():
    """Inside, variables are written for good, whatever scope is around."""
    return thread_context(scope=None)


def may_change_in_place():
    """Whether the memory behind variables' values may be changed here: it is theirs, or the scope's own."""
    return context.scope is None or context.scope.in_place


def read(variable):
    """The value of `variable` here: from the innermost scope that holds it, else None."""
    scope = context.scope
    key = id(variable)
    while scope is not None:
        value = scope.values.get(key)
        if value is not None:
            return value
        if scope.unlisted is not None:
            return scope.unknown(variable)
        scope = scope.parent
    return None


@contextlib.contextmanager
def closed_scope(variables, values):
    """Inside, a stateful function is a pure one of the variables' values, which the scope has afterwards.

    Raises: UnlistedVariables at the end if others were touched.
    """
    with StateScope(variables, values, closed=True) as scope:
        yield scope
    if scope.unlisted:
        raise UnlistedVariables(list(scope.unlisted.values()))


def pure_function(fn, variables):
    """Turn the stateful `fn(*args)` into `pure(values, *args) -> (result, new_values)`, in the order of `variables`.

    Raises: UnlistedVariables if `fn` touches a variable that is not in `variables`.
    """

    def pure(values, *args):
        with closed_scope(variables, values) as scope:
            result = fn(*args)
        return result, [scope.values[id(v)] for v in variables]

    return pure


def isolated(fn):
    """Run `fn` so that its assignments come out beside its result: `() -> (result, variables, values)`."""

    def run(*args, **kwargs):
        with StateScope() as scope:
            result = fn(*args, **kwargs)
        return (result, *scope.updates())

    return run
