"""The accuracy of a policy's labels for voices without a person's label, measured on the control lane.

Voices of that lane are drawn at random, whatever is suggested for them. For each control voice the person's label (the
ground truth) is compared with the label that the policy would give without it. So only answers to other voices and
suggestions count. The suggestions do not depend on the answer they are compared with: the sources ``neighbours`` and
``ear`` are computed without the answers to the voice's family, ``family`` without those to the voice itself. The label
model is fitted to all answers, but has only a few numbers per source.

Voices that are taken below the least confidence to reach a minimum are not measured.
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
    """The number of control labels, and the share of the policy's labels for them with the same main category.

    ``by_category`` has that share by the category of the policy's label.
    """

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
    """Measure a policy on the control labels among ``answers``, which may be the lines of all journals."""
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
