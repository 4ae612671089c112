"""Work beside the calling thread: the same results in the same order, nothing lost, nothing left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from deface_compare.geometry.found_once import FoundOnce
from deface_compare.machine.side_by_side import SideBySide, each, side_by_side

LONG_S, SHORT_S = 10.0, 0.02
THREADS = (1, 2, 3)


@pytest.mark.parametrize("threads", THREADS)
def test_results_come_in_the_order_in_which_they_are_asked_for(threads: int) -> None:
    with side_by_side(threads) as beside:
        begun = [beside.later(lambda number=number: number) for number in range(5)]  # type: ignore[misc]
        assert [task.result() for task in reversed(begun)] == [4, 3, 2, 1, 0]
        assert each(lambda number: number**2, range(9)) == [number**2 for number in range(9)]


def test_two_threads_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=LONG_S)
    with side_by_side(2):
        assert sorted(each(lambda _: meeting.wait(), range(2))) == [0, 1]  # one alone would wait for good


@pytest.mark.parametrize("threads", THREADS)
def test_work_handed_over_for_later_never_runs_beside_other_work_of_its_kind(threads: int) -> None:
    busy, met = threading.Lock(), []

    def alone() -> None:
        met.append(busy.acquire(blocking=False))
        time.sleep(SHORT_S)
        busy.release()

    with SideBySide(threads) as beside:
        for task in [beside.later(alone) for _ in range(6)]:
            task.result()
    assert met == [True] * 6


@pytest.mark.parametrize("threads", THREADS)
def test_a_failure_is_raised_where_the_result_is_asked_for_and_the_others_go_on(threads: int) -> None:
    with SideBySide(threads) as beside:
        before, failing, after = (beside.later(work) for work in (lambda: 1, lambda: 1 // 0, lambda: 3))
        assert (before.result(), after.result()) == (1, 3)
        with pytest.raises(ZeroDivisionError):
            failing.result()


def test_one_thread_does_nothing_before_it_is_asked() -> None:
    done: list[str] = []
    with SideBySide(1) as beside:
        first, second = (beside.later(lambda name=name: done.append(name)) for name in ("first", "second"))  # type: ignore[misc]
        assert done == []
        second.result()
        assert done == ["second"]
        first.result()
    assert done == ["second", "first"]


def test_what_only_the_calling_thread_may_do_it_does_when_it_is_asked() -> None:
    with SideBySide(3) as beside:
        mine = beside.mine(threading.get_ident)
        assert beside.later(threading.get_ident).result() > 0
        assert mine.result() == threading.get_ident()


def test_at_the_end_what_waits_is_dropped_and_nothing_runs_any_more() -> None:
    begun, done, threads_before = threading.Event(), [], threading.active_count()

    def slow() -> None:
        begun.set()
        time.sleep(10 * SHORT_S)
        done.append("slow")

    def ends_early() -> None:
        with SideBySide(2) as beside:
            beside.later(slow)
            beside.later(lambda: done.append("dropped"))
            assert begun.wait(LONG_S)
            raise KeyError

    with pytest.raises(KeyError):
        ends_early()
    assert done == ["slow"]
    assert threading.active_count() == threads_before


@pytest.mark.parametrize("ask_for", [0, 1])
def test_ctrl_c_stops_the_calling_thread_whatever_it_just_does(ask_for: int) -> None:
    helping, interrupted = threading.Event(), threading.Event()

    def slow() -> None:
        helping.set()
        interrupted.wait(LONG_S)

    def stop() -> None:
        interrupted.set()
        raise KeyboardInterrupt

    def interrupted_work() -> None:
        with SideBySide(2) as beside:
            tasks = [beside.later(slow), beside.shared(stop)] if ask_for == 0 else [beside.shared(slow), beside.mine(stop)]
            assert helping.wait(LONG_S)
            tasks[ask_for].result()

    with pytest.raises(KeyboardInterrupt):
        interrupted_work()


def test_threads_that_ask_the_same_of_an_object_find_it_once() -> None:
    known, asked, subject = FoundOnce(), [], SideBySide()

    def find() -> int:
        time.sleep(SHORT_S)
        asked.append(1)
        return len(asked)

    answers: list[int] = []
    ask: Callable[[], None] = lambda: answers.append(known.of(subject, "how often", find))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1, 1, 1, 1]


def test_what_could_not_be_found_is_looked_for_again() -> None:
    known, subject = FoundOnce(), SideBySide()
    with pytest.raises(ZeroDivisionError):
        known.of(subject, None, lambda: 1 // 0)
    assert known.of(subject, None, lambda: 7) == 7
