"""A time limit on code in this process ends a loop wherever it runs, and leaves nothing behind."""

import signal
import sys
import threading
import time

import pytest

from dropout_lab.system.deadline import TimeUp, within


def loop():
    while True:
        try:
            time.sleep(0)
        except Exception:  # noqa: BLE001 - as a student's code may
            pass


def test_an_endless_loop_is_ended():
    with pytest.raises(TimeUp), within(0.1):
        loop()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms on this system")
def test_code_that_catches_everything_once_is_ended_at_the_next_try():
    def stubborn():
        try:
            loop()
        except BaseException:  # noqa: BLE001
            loop()

    with pytest.raises(TimeUp), within(0.1):
        stubborn()


def test_in_another_thread_where_there_are_no_alarms_it_is_ended_too():
    seen = []

    def work():
        try:
            with within(0.1):
                loop()
        except TimeUp:
            seen.append(sys.gettrace())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(20)
    assert seen == [None]  # it was ended, and no line looks at the clock any more


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms on this system")
def test_an_alarm_that_was_set_before_still_rings():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    others = signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with within(5):
            pass
        end = time.monotonic() + 10
        while not rung and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *others)
    assert rung == [True]
