"""Signals are noted in place of killing, and what was there before comes back."""

import os
import signal
import threading

import pytest

from anodeflow.process.signals import ASKING_TO_LEAVE, deferred_signals, leave


@pytest.mark.parametrize("number", ASKING_TO_LEAVE)
def test_a_signal_is_noted_and_ends_the_process_with_its_number(number, capsys):
    before = signal.getsignal(number)
    with deferred_signals() as received:
        os.kill(os.getpid(), number)
        assert received == [number]
        with pytest.raises(SystemExit) as left:
            leave(received, "kept after step 3")
    assert left.value.code == 128 + number
    assert capsys.readouterr().err == f"{number.name}: kept after step 3\n"
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_interrupts_at_once():
    with pytest.raises(KeyboardInterrupt), deferred_signals() as received:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert received == [signal.SIGINT, signal.SIGTERM]
        os.kill(os.getpid(), signal.SIGINT)


def test_outside_the_main_thread_nothing_is_deferred():
    before = signal.getsignal(signal.SIGTERM)
    found = []

    def work():
        with deferred_signals() as received:
            found.extend([received, signal.getsignal(signal.SIGTERM)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [[], before]
