"""Stand-ins for three packages, on a node that has torch, mace-torch, ase, h5py and matscipy only.

pydantic refuses mistakes in a configuration, of which a measurement makes none; greenlet switches
between runs, which threads do, too, if more slowly; threadpoolctl holds libraries to some threads.
"""

import importlib
import sys
import threading
import typing
from types import ModuleType, SimpleNamespace


class Fields:
    """What a class of pydantic says of its fields: their types."""

    def __get__(self, _, owner):
        """Return the fields of a class by their names."""
        hints = typing.get_type_hints(owner)
        return {name: SimpleNamespace(annotation=hint) for name, hint in hints.items()}


class BaseModel:
    """Holds values as they are given."""

    model_fields = Fields()

    def __init__(self, **values):
        """Take them."""
        self.__dict__.update(values)

    @classmethod
    def model_validate(cls, values):
        """Take values."""
        return cls(**values)

    def model_dump(self, **_):
        """Return values, those of parts included."""
        return {name: _dumped(value) for name, value in self.__dict__.items()}


def _dumped(value):
    if isinstance(value, list | tuple):
        return [_dumped(member) for member in value]
    return value.model_dump() if isinstance(value, BaseModel) else value


def field(default=..., *, default_factory=None, **_):
    """Return what a field holds where nothing is given."""
    return default if default_factory is None else default_factory()


def nothing(*_, **__):
    """Return what checks nothing."""


def unchecked(*_, **__):
    """Return a decorator that leaves a function as it is."""
    return lambda function: function


class GreenletExit(BaseException):
    """What ends a greenlet."""


class Greenlet:
    """A function in a thread of its own, that runs while the one that switched to it waits."""

    def __init__(self, run=None):
        """Take the function; without one, the thread that asks is meant."""
        self.parent, self.dead = _running[0] if run else None, False
        self._run, self._thread, self._given = run, None, None
        self._turn = threading.Semaphore(0)

    def switch(self, *values):
        """Go on there, with a value or none; return what is given back."""
        return self._go_on((values[0] if values else (), None))

    def throw(self, error=None):
        """Go on there with an error."""
        return self._go_on((None, error or GreenletExit()))

    def _go_on(self, given):
        here, _running[0], self._given = _running[0], self, given
        if self._run and not self._thread:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        else:
            self._turn.release()
        here._turn.acquire()
        value, error = here._given
        if error is not None:
            raise error
        return value

    def _work(self):
        value, error = self._given
        try:
            if error is not None:
                raise error
            given = (self._run(value), None)
        except GreenletExit as ended:
            given = (ended, None)
        except BaseException as failed:
            given = (None, failed)
        self.dead, _running[0], self.parent._given = True, self.parent, given
        self.parent._turn.release()


_running: list = [None]
_running[0] = Greenlet()

STAND_INS = {
    "pydantic": {
        **dict.fromkeys(("AfterValidator", "BeforeValidator", "TypeAdapter"), nothing),
        **dict.fromkeys(("GetJsonSchemaHandler", "JsonValue"), object),
        "ConfigDict": dict,
        "BaseModel": BaseModel,
        "Field": field,
        "ValidationError": ValueError,
        "model_validator": unchecked,
    },
    "greenlet": {"greenlet": Greenlet, "getcurrent": lambda: _running[0]},
    "threadpoolctl": {"threadpool_limits": unchecked},
}


def install() -> list[str]:
    """Put a stand-in in the place of each of these packages that is not there; return which."""
    missing = [name for name in STAND_INS if not is_there(name)]
    for name in missing:
        module = sys.modules[name] = ModuleType(name)
        module.__dict__.update(STAND_INS[name])
    return missing


def is_there(name: str) -> bool:
    """Return whether a package can be imported."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
