"""The process of a peer: reads jobs, answers one after the other (see `peers`)."""

import pickle
import sys
from pathlib import Path


def main(question: str, answer: str) -> None:
    jobs = pickle.loads(Path(question).read_bytes())
    with Path(answer).open("wb") as out:
        for job in jobs:
            if job.model == "columns":
                from bench.scheduling.columns import solved
            else:
                from bench.scheduling.cpsat import solved
            found = solved(job.problems, job.model, job.alone, job.seconds, job.workers)
            pickle.dump(found, out)
            out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
