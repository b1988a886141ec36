"""Many runs at once: every setting with every seed, on all cores or wherever an executor puts them."""

from concurrent.futures import as_completed
from contextlib import closing

from dropout_lab.checks.cards import NOTEBOOK, of_raise
from dropout_lab.checks.functions import Blank, LeftRaise, not_implemented
from dropout_lab.checks.reports import CheckFailed, StillBlank
from dropout_lab.lab.experiments.rows import Rows
from dropout_lab.lab.experiments.workers import end_pool, insist_on, origin, pool, single_threaded
from dropout_lab.lab.progress import bar
from dropout_lab.system import processes
from dropout_lab.system.machine import cores


def sweep(run, settings, seeds, executor=None, workers=None):
    """run(seed=..., **setting) for every setting and seed, on all cores.

    The same seeds give the same rows to the last bit, on one machine, whatever the number of workers.

    Parameters
    ----------
    run : function of a module, returns a dictionary of numbers
        Such as `train_digits`. A function of a notebook cell cannot be found by the workers.
    settings : list of dictionaries of arguments, as `grid` makes them
    seeds : iterable of int
    executor : concurrent.futures.Executor or None
        Anything with `submit`, such as `dask_client.get_executor()`. None starts a process on every core; in a
        browser, which has none to give, one run follows the other.
    workers : int or None
        How many processes, when there is no executor.

    Returns
    -------
    rows : Rows
        Interrupting keeps those that are finished.
    """
    settings, seeds = [dict(s) for s in settings], [int(s) for s in seeds]
    tasks = [(setting, seed) for setting in settings for seed in seeds]
    if getattr(run, "__module__", "__main__") == "__main__":
        name = getattr(run, "__name__", run)
        raise ValueError(
            f"{name!r} is defined in a notebook cell or a script, where worker processes cannot find it:"
            " put it in a module, or use train_digits with settings"
        )
    if executor is not None or not processes.AVAILABLE:
        return _collect(executor, run, tasks)
    rows = Rows()
    try:
        rows = _collect(pool(min(workers or cores(), len(tasks) or 1)), run, tasks)
    finally:
        if len(rows) < len(tasks):  # some are still at work
            end_pool()
    return rows


def _collect(executor, run, tasks):
    """Gather rows as they come, give them back in the order of the tasks. Without an executor they are run here."""
    done, rows = {}, Rows()
    try:
        with bar("runs", len(tasks), "run") as advance, single_threaded():
            results = _at_once(executor, run, tasks) if executor else _in_turn(run, tasks)
            with closing(results):
                for i, result in results:
                    done[i] = result
                    advance(1)
    except KeyboardInterrupt:
        rows.interrupted = True
        print(f"Stopped by hand; kept: {len(done)} of {len(tasks)} runs.")
    for i, (setting, seed) in enumerate(tasks):
        if i in done:
            rows.append({**setting, "seed": seed, **done[i]})
    return rows


def _in_turn(run, tasks):
    here = origin()
    for i, task in enumerate(tasks):
        yield i, _task(run, *task, here)


def _at_once(executor, run, tasks):
    here, futures = origin(), {}
    try:
        futures = {executor.submit(_task, run, *task, here): i for i, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _task(run, setting, seed, wanted):
    """One run, in a worker. A blank comes back as its card, with the line that a pickled exception would lose."""
    insist_on(wanted)
    try:
        return run(seed=seed, **setting)
    except NotImplementedError as error:
        told = not_implemented("", error)
        if not isinstance(told, (Blank, LeftRaise)):
            raise
        raise (StillBlank if isinstance(told, Blank) else CheckFailed)(of_raise(told, NOTEBOOK)) from None
