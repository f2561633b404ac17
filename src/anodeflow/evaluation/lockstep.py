"""Several computations in one process, whose force calls go to the model as one batch."""

import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

from ase import Atoms
from ase.calculators.calculator import Calculator
from greenlet import getcurrent, greenlet

from anodeflow.evaluation.batches import evaluate_all
from anodeflow.evaluation.first_calls import mark_warm, warm_up
from anodeflow.models.interface import Results, StructureCalculator, batch_size
from anodeflow.process.signals import deferred_signals

K = TypeVar("K")
T = TypeVar("T")


def run_in_lockstep(
    calc: Calculator,
    computations: Mapping[K, Callable[[Calculator], T]],
    *,
    at_once: int | None = None,
) -> tuple[dict[K, T], dict[K, Exception]]:
    """Run computations that each take a calculator; return results and failures by their names.

    With a calculator that takes batches they advance together, `at_once` of them or all: each runs
    until it needs energy or forces, of one structure or of several at once (`evaluate_all`), then
    waits until all others do, and one batch answers all. One
    that has ended leaves the batch to the next, and one that failed spoils no other. With any other
    calculator they run one after the other, since that is no slower and the first ends first.

    Raises SystemExit where a computation left on a signal, once all others have left, too.
    """
    if batch_size(calc) == 1:
        return _one_by_one(computations, calc)
    with deferred_signals(), ExitStack() as ended:
        hub = _Hub(calc)
        ended.callback(hub.end)
        to_start = deque(computations.items())
        while to_start or hub.waiting:
            while to_start and len(hub.waiting) < (at_once or len(computations)):
                hub.start(*to_start.popleft())
            hub.answer_all()
    if hub.left is not None:
        raise hub.left
    return hub.results, hub.failures


def raise_first(failures: Mapping[Any, Exception]) -> None:
    """Raise the first failure, if there is one, after naming the others on stderr."""
    for name, error in list(failures.items())[1:]:
        print(f"{name}: {error}", file=sys.stderr)
    for error in failures.values():
        raise error


def _one_by_one(
    computations: Mapping[K, Callable[[Calculator], T]], calc: Calculator
) -> tuple[dict[K, T], dict[K, Exception]]:
    results: dict[K, T] = {}
    failures: dict[K, Exception] = {}
    for name, compute in computations.items():
        try:
            results[name] = compute(calc)
        except Exception as error:  # whatever it is, it is this computation's
            failures[name] = error
    return results, failures


class _Member(StructureCalculator):
    """The calculator of one of several computations: asks the hub and waits for its answer."""

    def __init__(self, shared: Calculator):
        super().__init__()
        self.implemented_properties = shared.implemented_properties
        self.batch_size = batch_size(shared)
        mark_warm(self)

    def evaluate(self, structures: Sequence[Atoms]) -> list[Results]:
        """Leave this computation until the hub has results for it."""
        hub = getcurrent().parent
        assert hub is not None
        found: list[Results] = hub.switch(structures)
        return found


class _Hub:
    """The computations, those that wait for a force call, and what came of the others."""

    def __init__(self, calc: Calculator):
        self.calc = calc
        self.members: dict[Any, greenlet] = {}
        self.waiting: dict[Any, Sequence[Atoms]] = {}
        self.results: dict[Any, Any] = {}
        self.failures: dict[Any, Exception] = {}
        self.left: SystemExit | None = None

    def start(self, name: object, compute: Callable[..., Any]) -> None:
        """Run a computation up to its first force call."""
        self.members[name] = greenlet(compute)
        self._go_on(name, partial(self.members[name].switch, _Member(self.calc)))

    def answer_all(self) -> None:
        """Give every waiting computation its results, and let it run up to its next force call."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, {}
        for name, answer in self._evaluate(waiting).items():
            member = self.members[name]
            go = member.throw if isinstance(answer, Exception) else member.switch
            self._go_on(name, partial(go, answer))

    def end(self) -> None:
        """End the computations that still wait, as an error that was none of theirs ended all."""
        for member in self.members.values():
            if not member.dead:
                member.throw()

    def _go_on(self, name: object, go: Callable[..., Any]) -> None:
        try:
            given = go()
        except SystemExit as left:
            self.left = left
        except Exception as error:  # whatever it is, it is this computation's
            self.failures[name] = error
        else:
            dead = self.members[name].dead
            (self.results if dead else self.waiting)[name] = given

    def _evaluate(
        self, asked: Mapping[Any, Sequence[Atoms]]
    ) -> dict[Any, list[Results] | Exception]:
        """Evaluate all; where the batch fails that of each alone, to find whose failure it is."""
        structures = [atoms for own in asked.values() for atoms in own]
        probe = structures[0].copy()
        probe.calc = self.calc
        try:
            warm_up(probe)
            found = iter(evaluate_all(self.calc, structures))
            return {name: [next(found) for _ in own] for name, own in asked.items()}
        except Exception as error:
            if len(asked) == 1:
                return dict.fromkeys(asked, error)
        return {name: self._evaluate({name: own})[name] for name, own in asked.items()}
