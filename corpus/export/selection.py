"""Which voices of the store a policy selects, with which categories, and why it leaves the others out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from corpus.analysis.health import is_excused
from corpus.export.policy import Policy
from corpus.export.quotas import ExportCandidate, RelaxedMinimum, apply_maximum, fill_minimum, limit_families
from corpus.labels.consensus import Curated, ExportDecision, LeftOut, Unhealthy, read_consensus
from corpus.storage.source_predictions import read_source_predictions, read_voice_ids
from corpus.storage.store import Connection
from corpus.storage.voice_table import VoiceTable, read_voice_table
from corpus.suggest.suggestions import read_label_model, suggestion_rows
from dx7.voices.fillers import is_filler


@dataclass(frozen=True, slots=True)
class ExportSelection:
    """All voices of the store, ordered by id, each with its family and the decision on it.

    A voice without a family counts as a family of its own. ``relaxed`` has every main category with fewer confident
    voices than the policy's minimum.
    """

    policy: Policy
    voices: VoiceTable
    family_ids: tuple[str, ...]
    decisions: tuple[ExportDecision, ...]
    relaxed: tuple[RelaxedMinimum, ...]

    def left_out(self) -> dict[str, int]:
        """The number of voices left out for each reason, zeros included."""
        reasons = Counter(decision for decision in self.decisions if isinstance(decision, LeftOut))
        tags = Counter(decision.tag for decision in self.decisions if isinstance(decision, Unhealthy))
        return {reason.value: reasons[reason] for reason in LeftOut} | {tag: tags[tag] for tag in self.policy.leave_out}

    def chosen(self) -> list[tuple[int, Curated]]:
        """The rows of the exported voices, with their categories."""
        return [(row, decision) for row, decision in enumerate(self.decisions) if isinstance(decision, Curated)]


def select_voices(connection: Connection, category_keys: Sequence[str], policy: Policy) -> ExportSelection:
    """Decide on every voice of the store by a policy. Only categories of ``category_keys`` count.

    Each voice is decided alone first. Then the limits per family, the maxima and the minima apply, in this order.
    """
    voices = read_voice_table(connection)
    families = dict(connection.execute("SELECT voice_id, family_id FROM families").fetchall())
    family_ids = tuple(families.get(voice_id, voice_id) for voice_id in voices.voice_ids)
    suggested = _read_suggested(connection, category_keys, policy.least_confidence)
    decisions = _decide(connection, voices, category_keys, policy, policy.least_confidence, suggested)

    def candidate(row: int, curated: Curated) -> ExportCandidate:
        return ExportCandidate(voices.voice_ids[row], family_ids[row], int(voices.occurrences[row]), curated)

    fit = [candidate(row, decision) for row, decision in enumerate(decisions) if isinstance(decision, Curated)]
    of_family = limit_families(fit, policy.per_family)
    chosen = apply_maximum(of_family, policy)
    unsure = {voices.voice_ids[row]: row for row, decision in enumerate(decisions) if decision is LeftOut.NO_CATEGORY}
    doubtful = [candidate(row, suggested[each].relaxed()) for each, row in unsure.items() if each in suggested]
    taken, relaxed = fill_minimum(chosen, doubtful, policy, category_keys)

    final: dict[str, ExportDecision] = dict.fromkeys((each.voice_id for each in fit), LeftOut.OTHER_OF_FAMILY)
    final |= dict.fromkeys((each.voice_id for each in of_family), LeftOut.OVER_MAXIMUM)
    final |= {each.voice_id: each.curated for each in (*chosen, *taken)}
    return ExportSelection(
        policy,
        voices,
        family_ids,
        tuple(final.get(voice_id, decision) for voice_id, decision in zip(voices.voice_ids, decisions, strict=True)),
        tuple(relaxed),
    )


def decide_each(
    connection: Connection, category_keys: Sequence[str], policy: Policy, least_confidence: Mapping[str, float]
) -> dict[str, ExportDecision]:
    """The decision on each voice alone, by voice id, if only the origins of ``least_confidence`` counted."""
    voices = read_voice_table(connection)
    suggested = _read_suggested(connection, category_keys, least_confidence)
    decisions = _decide(connection, voices, category_keys, policy, least_confidence, suggested)
    return dict(zip(voices.voice_ids, decisions, strict=True))


@dataclass(frozen=True, slots=True)
class _Suggested:
    """The combined suggestions for one voice, the most probable first: category, probability, origin."""

    rows: tuple[tuple[str, float, str], ...]

    def curated(self, least_confidence: Mapping[str, float]) -> Curated | None:
        """The categories that reach the least confidence of their origin; None if the most probable one does not."""
        confident = [row for row in self.rows if row[1] >= least_confidence[row[2]]]
        if not confident or confident[0] != self.rows[0]:  # a second choice is no better than a doubtful first one
            return None
        return Curated(tuple(key for key, _, _ in confident), confident[0][2], confident[0][1])

    def relaxed(self) -> Curated:
        """The most probable category, whatever its probability."""
        key, probability, origin = self.rows[0]
        return Curated((key,), origin, probability)


def _decide(
    connection: Connection,
    voices: VoiceTable,
    category_keys: Sequence[str],
    policy: Policy,
    least_confidence: Mapping[str, float],
    suggested: Mapping[str, _Suggested],
) -> list[ExportDecision]:
    unfit = _unfit(connection, voices, with_generated=policy.with_generated)
    tags = _tags(connection, policy.leave_out)
    consensus = read_consensus(connection, category_keys, least_confidence)
    decisions = []
    for voice_id in voices.voice_ids:
        decision: ExportDecision = LeftOut.NO_CATEGORY
        if voice_id in unfit:
            decision = unfit[voice_id]
        elif voice_id in consensus:
            decision = consensus[voice_id]
        elif voice_id in suggested:
            decision = suggested[voice_id].curated(least_confidence) or decision
        if voice_id in tags and voice_id not in unfit:
            category = decision.categories[0] if isinstance(decision, Curated) else None
            faults = [tag for tag in tags[voice_id] if not is_excused(tag, category)]
            decision = Unhealthy(faults[0]) if faults else decision
        if isinstance(decision, Curated) and not policy.second_categories:
            decision = replace(decision, categories=decision.categories[:1])
        decisions.append(decision)
    return decisions


def _tags(connection: Connection, leave_out: Sequence[str]) -> dict[str, list[str]]:
    """The tags of each voice that are in ``leave_out``, in that order."""
    tags: dict[str, list[str]] = defaultdict(list)
    for tag in leave_out:
        for (voice_id,) in connection.execute("SELECT DISTINCT voice_id FROM health WHERE tag = $1", [tag]).fetchall():
            tags[voice_id].append(tag)
    return tags


def _unfit(connection: Connection, voices: VoiceTable, *, with_generated: bool) -> dict[str, LeftOut]:
    """Voices that are left out whatever their labels: fillers and, unless wanted, generated voices."""
    unfit: dict[str, LeftOut] = {}
    if not with_generated:
        unfit |= dict.fromkeys((row[0] for row in connection.execute(_GENERATED).fetchall()), LeftOut.GENERATED)
    fillers = is_filler(voices.parameters)
    return unfit | {
        voice_id: LeftOut.FILLER for voice_id, filler in zip(voices.voice_ids, fillers, strict=True) if filler
    }


def _read_suggested(
    connection: Connection, category_keys: Sequence[str], origins: Collection[str]
) -> dict[str, _Suggested]:
    """The combined suggestions of these sources, by voice id.

    If every source with predictions is among ``origins``, these are the stored suggestions; otherwise the predictions
    of the others are combined again. Raises ``StoreError`` if the stored label model cannot be read.
    """
    predicting = {origin for (origin,) in connection.execute("SELECT DISTINCT origin FROM opinions").fetchall()}
    if predicting <= set(origins):
        return _suggested_rows(connection, category_keys, origins, "suggestions")
    voice_ids = read_voice_ids(connection)
    predictions = {
        origin: rows for origin, rows in read_source_predictions(connection, voice_ids).items() if origin in origins
    }
    if not predictions:
        return {}
    connection.register("combined_again", suggestion_rows(voice_ids, predictions, read_label_model(connection)))
    try:
        return _suggested_rows(connection, category_keys, origins, "combined_again")
    finally:
        connection.unregister("combined_again")


def _suggested_rows(
    connection: Connection, category_keys: Sequence[str], origins: Collection[str], table: str
) -> dict[str, _Suggested]:
    rows = connection.execute(
        f"SELECT voice_id, category, probability, origin FROM {table}"  # noqa: S608 - one of two names of our own
        " WHERE list_contains($1::VARCHAR[], origin) AND list_contains($2::VARCHAR[], category)"
        " ORDER BY voice_id, probability DESC, category",
        [sorted(origins), list(category_keys)],
    ).fetchall()
    return {
        voice_id: _Suggested(tuple((category, probability, origin) for _, category, probability, origin in group))
        for voice_id, group in groupby(rows, key=lambda row: row[0])
    }


_GENERATED = "SELECT voice_id FROM slots JOIN files USING (file_sha) GROUP BY voice_id HAVING bool_and(generated)"
