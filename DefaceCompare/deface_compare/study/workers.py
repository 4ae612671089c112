"""Cases on several processes: a Dask cluster of this machine's, or one that is already running."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ..errors import UnusableInput
from ..privacy.render import close_renderer
from ..progress import Progress, report_step

SECONDS_TO_CONNECT = 10
"""How long a Dask scheduler may take to answer."""
DEATHS_ALLOWED = 3
"""So often may the worker of a case die; the case is then listed as the one that kills it."""
KEEP_FREED_BYTES = 2**28
"""glibc gives freed memory back to the system beyond this; with Dask's own 64 KB page faults cost a tenth of a case."""
MAP_FROM_BYTES = 2**25
"""Larger blocks are mapped and unmapped each time; glibc's largest value, which it would reach by itself were no limit set."""
DRAWING_THREADS = 0
"""Threads that Mesa's software renderer draws by beside its own: with one process a core they only wait for each other (half the
time a picture on a busy machine, a fifteenth less work); the pictures are the same to the last bit."""
LOCAL_CLUSTER = {
    "distributed.worker.daemon": False,
    "distributed.comm.timeouts.connect": "60s",
    "distributed.scheduler.allowed-failures": DEATHS_ALLOWED,
    "distributed.scheduler.worker-saturation": 1.0,  # one case a worker: none waits on a worker that another case kills
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": KEEP_FREED_BYTES,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": MAP_FROM_BYTES,
    "distributed.nanny.pre-spawn-environ.LP_NUM_THREADS": DRAWING_THREADS,
}
"""Dask's configuration of a cluster on this machine."""
STATUS_PAGE = "127.0.0.1:0"
"""Dask's own page, seen from this machine only, on a free port: its default port is taken when two studies run."""


class Told(Protocol):
    """What became of a case."""

    def told(self) -> str:
        """One line for whoever watches the run."""
        ...


Outcome = TypeVar("Outcome", bound=Told)
OutcomeOf = TypeVar("OutcomeOf", bound=Told, covariant=True)


class JobOf(Protocol[OutcomeOf]):
    """All that a worker needs to know of one case."""

    def absolute(self) -> JobOf[OutcomeOf]:
        """The same with paths that hold in any working folder."""
        ...

    def failed(self, reason: str) -> OutcomeOf:
        """The outcome of a case that no worker finished."""
        ...


@contextmanager
def cluster(jobs: int, scheduler: str | None) -> Iterator[Any]:
    """A Dask client of the given scheduler, or of `jobs` single-threaded processes on this machine.

    Raises
    ------
    UnusableInput
        If no scheduler answers.
    """
    import dask
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=SECONDS_TO_CONNECT)
        except OSError as error:
            raise UnusableInput(f"no Dask scheduler answers at {scheduler}; start one or use --jobs") from error
        with client:
            yield client
        return
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": STATUS_PAGE, "silence_logs": 50}
    with dask.config.set(LOCAL_CLUSTER), LocalCluster(n_workers=jobs, **options) as local, Client(local) as client:
        yield client


def run_on_cluster(
    client: Any, run: Callable[[Any], Outcome], jobs: Sequence[JobOf[Outcome]], steps_a_case: int, progress: Progress
) -> Iterator[Outcome]:
    """Hand the cases out, and tell each one's outcome when it comes in.

    A case whose worker dies goes to another one, `DEATHS_ALLOWED` times.

    Parameters
    ----------
    run : callable
        What a worker does with one case; never raises for the case's sake.

    Raises
    ------
    UnusableInput
        If the scheduler is lost on the way; what is finished stays.
    """
    from distributed import as_completed

    futures = client.map(run, [job.absolute() for job in jobs], pure=False, retries=1)
    owners = dict(zip((future.key for future in futures), jobs, strict=True))
    total = steps_a_case * len(jobs)
    report_step(progress, 0, total, f"{len(jobs)} cases handed to the workers")
    for done, future in enumerate(as_completed(futures), start=1):
        outcome = outcome_of(future, owners[future.key])
        report_step(progress, steps_a_case * done, total, outcome.told())
        yield outcome
    workers = client.nthreads()
    client.gather([client.submit(close_renderer, workers=[worker], pure=False) for worker in workers])


def outcome_of(future: Any, job: JobOf[Outcome]) -> Outcome:
    """What became of a case that a worker had.

    Raises
    ------
    UnusableInput
        If the scheduler was lost, and all workers with it.
    """
    from distributed import KilledWorker

    if future.status in ("cancelled", "lost"):
        raise UnusableInput("the Dask scheduler was lost; start it again and run the same command: finished cases stay")
    try:
        outcome: Outcome = future.result()
    except KilledWorker:
        return job.failed(f"its worker died {DEATHS_ALLOWED + 1} times (too little memory, or a library that crashes)")
    return outcome


def run_here(
    run: Callable[[Any, Progress], Outcome], jobs: Sequence[JobOf[Outcome]], steps_a_case: int, progress: Progress
) -> Iterator[Outcome]:
    """Do the cases one after the other in this process, and tell the steps of each."""
    total = steps_a_case * len(jobs)
    for number, job in enumerate(jobs):

        def step(done: int, of: int, text: str, number: int = number) -> bool:
            return progress(steps_a_case * number + (steps_a_case * done // of if of else 0), total, text)

        outcome = run(job, step)
        report_step(progress, steps_a_case * (number + 1), total, outcome.told())
        yield outcome
