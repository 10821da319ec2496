"""How many answers the queue needs, against the same voices in random order: people simulated on the starter banks."""

from __future__ import annotations

from pathlib import Path

from corpus.analysis.families import update_families
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import open_store
from corpus.suggest.learning_curves import answers_needed
from corpus.suggest.simulation import QUEUE, RANDOM, UNCERTAIN, mean_curve, simulate
from corpus.suggest.simulation_data import read_simulation_data
from dx7.shared.locations import STARTER_BANKS

ACCURACY = 0.85  # first choice, on families that nobody was asked about
_PEOPLE = 5
_LEARNED_AT = (25, 50, 75, 100, 125, 150, 175, 200)


def answers_to_learn_starter(folder: Path) -> dict[str, float]:
    """By order of asking, how many answers teach the fast learner :data:`ACCURACY` of the starter banks."""
    store = folder / "asking.duckdb"
    ingest_files([STARTER_BANKS], store)
    update_families(store)
    with open_store(store) as connection:
        material = read_simulation_data(connection)
    needed: dict[str, float] = {}
    for order in (QUEUE, RANDOM, UNCERTAIN):
        runs = [simulate(material, order, seed=seed, learned_at=_LEARNED_AT) for seed in range(_PEOPLE)]
        answers = answers_needed(mean_curve(runs), ACCURACY)
        if answers is None:
            raise ValueError(f"{_LEARNED_AT[-1]} answers in the order {order} do not reach {ACCURACY:.0%}")
        needed[order] = answers
    return needed
