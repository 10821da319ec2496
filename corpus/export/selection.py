"""Which voices of the store a policy chooses, what they are, and why the others are left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from corpus.analysis.health import is_excused
from corpus.export.policy import Policy
from corpus.export.quotas import ExportCandidate, RelaxedMinimum, apply_maximum, fill_minimum, limit_families
from corpus.export.source_labels import CombinedSuggestion, read_combined_suggestions
from corpus.labels.consensus import Curated, ExportDecision, LeftOut, Unhealthy, read_consensus
from corpus.storage.store import Connection
from corpus.storage.voice_table import VoiceTable, read_voice_table
from dx7.voices.fillers import is_filler


@dataclass(frozen=True, slots=True)
class Selection:
    """The voices of the store in the order of their ids, each with its family and what the policy makes of it.

    A voice that is in no family yet counts as one of its own. ``relaxed`` tells of every main category that has fewer
    sure voices than the policy wants.
    """

    policy: Policy
    voices: VoiceTable
    family_ids: tuple[str, ...]
    decisions: tuple[ExportDecision, ...]
    relaxed: tuple[RelaxedMinimum, ...]

    def left_out(self) -> dict[str, int]:
        """How many voices are left out for each reason; every reason is there."""
        reasons = Counter(decision for decision in self.decisions if isinstance(decision, LeftOut))
        tags = Counter(decision.tag for decision in self.decisions if isinstance(decision, Unhealthy))
        return {reason.value: reasons[reason] for reason in LeftOut} | {tag: tags[tag] for tag in self.policy.leave_out}

    def chosen(self) -> list[tuple[int, Curated]]:
        """The rows that are exported, and what they are."""
        return [(row, decision) for row, decision in enumerate(self.decisions) if isinstance(decision, Curated)]


def select_voices(connection: Connection, category_keys: Sequence[str], policy: Policy) -> Selection:
    """Judge every voice of the store by a policy. Categories that are not among ``category_keys`` do not count.

    Each voice is judged for itself first; then families, maxima and minima are seen to, in this order.
    """
    voices = read_voice_table(connection)
    families = dict(connection.execute("SELECT voice_id, family_id FROM families").fetchall())
    family_ids = tuple(families.get(voice_id, voice_id) for voice_id in voices.voice_ids)
    suggested = read_combined_suggestions(connection, category_keys, policy.least_confidence)
    decisions = _judge(connection, voices, category_keys, policy, policy.least_confidence, suggested)

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
    return Selection(
        policy,
        voices,
        family_ids,
        tuple(final.get(voice_id, decision) for voice_id, decision in zip(voices.voice_ids, decisions, strict=True)),
        tuple(relaxed),
    )


def decide_each(
    connection: Connection, category_keys: Sequence[str], policy: Policy, least_confidence: Mapping[str, float]
) -> dict[str, ExportDecision]:
    """What a policy makes of each voice for itself, were only these origins to count."""
    voices = read_voice_table(connection)
    suggested = read_combined_suggestions(connection, category_keys, least_confidence)
    decisions = _judge(connection, voices, category_keys, policy, least_confidence, suggested)
    return dict(zip(voices.voice_ids, decisions, strict=True))


def _judge(
    connection: Connection,
    voices: VoiceTable,
    category_keys: Sequence[str],
    policy: Policy,
    least_confidence: Mapping[str, float],
    suggested: Mapping[str, CombinedSuggestion],
) -> list[ExportDecision]:
    unfit = _unfit(connection, voices, with_generated=policy.with_generated)
    tags = _tags(connection, policy.leave_out)
    people = read_consensus(connection, category_keys, least_confidence)
    decisions = []
    for voice_id in voices.voice_ids:
        decision: ExportDecision = LeftOut.NO_CATEGORY
        if voice_id in unfit:
            decision = unfit[voice_id]
        elif voice_id in people:
            decision = people[voice_id]
        elif voice_id in suggested:
            decision = suggested[voice_id].curated(least_confidence) or decision
        if voice_id in tags and voice_id not in unfit:
            decision = _healthy(decision, tags[voice_id])
        if isinstance(decision, Curated) and not policy.second_categories:
            decision = replace(decision, categories=decision.categories[:1])
        decisions.append(decision)
    return decisions


def _healthy(decision: ExportDecision, tags: Sequence[str]) -> ExportDecision:
    """The decision, unless a tag stands against it that is not excused by what the voice is."""
    category = decision.categories[0] if isinstance(decision, Curated) else None
    against = [tag for tag in tags if not is_excused(tag, category)]
    return Unhealthy(against[0]) if against else decision


def _tags(connection: Connection, leave_out: Sequence[str]) -> dict[str, list[str]]:
    """The tags of each voice that a policy leaves out for, those it names first in front."""
    tags: dict[str, list[str]] = defaultdict(list)
    for tag in leave_out:
        for (voice_id,) in connection.execute("SELECT DISTINCT voice_id FROM health WHERE tag = $1", [tag]).fetchall():
            tags[voice_id].append(tag)
    return tags


def _unfit(connection: Connection, voices: VoiceTable, *, with_generated: bool) -> dict[str, LeftOut]:
    """Voices that no label could make fit for training."""
    unfit: dict[str, LeftOut] = {}
    if not with_generated:
        unfit |= dict.fromkeys((row[0] for row in connection.execute(_GENERATED).fetchall()), LeftOut.GENERATED)
    fillers = is_filler(voices.parameters)
    return unfit | {
        voice_id: LeftOut.FILLER for voice_id, filler in zip(voices.voice_ids, fillers, strict=True) if filler
    }


_GENERATED = "SELECT voice_id FROM slots JOIN files USING (file_sha) GROUP BY voice_id HAVING bool_and(generated)"
