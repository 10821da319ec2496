"""How often the labels of an export are right where no person has listened, measured on the control lane.

Voices of that lane were drawn by chance, whatever was suggested for them. For each that a person has labelled the
question is what the policy would have called it had nobody answered it in person; the answer is the truth. So only
answers to other voices and suggestions may speak. Suggestions of the store do not know the answer that they are
judged by: what the neighbours and the ear say of a voice is made without all answers to its family, and what the
family says without those to the voice itself. How far each source is trusted is fitted to all answers together, a few
numbers a source.

Not measured are voices that were taken below the least confidence to reach a minimum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from corpus.export.policy import Policy
from corpus.export.selection import decide_each
from corpus.labels.accuracy import control_labels, rate_by_category
from corpus.labels.agreement_statistics import Rate, wilson
from corpus.labels.answer import Answer
from corpus.labels.consensus import PERSON, Curated
from corpus.storage.store import Connection


@dataclass(frozen=True, slots=True)
class ControlAccuracy:
    """``answered`` labels of the control lane; how often the policy has a label for such a voice and it is the main
    category that people heard: over all, and by the category of the policy's label."""

    answered: int
    overall: Rate
    by_category: dict[str, Rate]

    def as_dict(self) -> dict[str, object]:
        """For manifests."""
        return asdict(self)


NOT_MEASURED = ControlAccuracy(0, wilson(0, 0), {})


def measure_control(
    connection: Connection, category_keys: Sequence[str], policy: Policy, answers: Iterable[Answer]
) -> ControlAccuracy:
    """Measure a policy on the control labels among ``answers``, which may be all lines of all journals."""
    labels = [answer for answer in control_labels(answers) if answer.categories[0] in category_keys]
    if not labels:
        return NOT_MEASURED
    others = {origin: least for origin, least in policy.least_confidence.items() if origin != PERSON}
    decisions = decide_each(connection, category_keys, policy, others)
    pairs = [
        (decision.categories[0], answer.categories[0])
        for answer in labels
        if isinstance(decision := decisions.get(answer.voice_id), Curated)
    ]
    return ControlAccuracy(len(labels), *rate_by_category(pairs))
