"""Progress in a log file: few lines, and numbers that are right."""

from anodeflow.process import progress as progress_module
from anodeflow.process.progress import Progress


class _Clock:
    def __init__(self):
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_a_log_file_gets_a_line_every_thirty_seconds_and_one_at_the_end(monkeypatch, capsys):
    clock = _Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    with Progress(100, label="dynamics") as progress:
        for _ in range(100):
            clock.now += 1.0
            progress.update()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[0] == "dynamics: 30/100 steps (30 %), 00:30 elapsed, 1 steps/s, 01:10 left"
    assert lines[-1] == "dynamics: 100/100 steps (100 %), 01:40 elapsed, 1 steps/s, done"


def test_work_that_fails_is_not_called_done(monkeypatch, capsys):
    monkeypatch.setattr(progress_module, "time", _Clock())
    try:
        with Progress(None, label="fetching", unit="B") as progress:
            progress.update(5000)
            raise OSError
    except OSError:
        pass
    assert capsys.readouterr().err == "fetching: 5.00kB, 00:00 elapsed, stopped\n"
