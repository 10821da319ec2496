"""Choosing slots and setting up draws, with a model that is made up: nothing is drawn and no voice is rendered."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from dx7.errors import ModelError
from dx7.voices.identity import voice_id
from dx7.voices.parameters import PARAMETER_COUNT, PARAMETERS
from dx7.voices.voice import Voice
from training.data.fingerprint import _ORDER, make_fingerprint
from training.inference import sampling, selection
from training.inference.drawing_numpy import DrawnVoices
from training.inference.names import hash_names, make_names, name_variations
from training.inference.requests import SampleRequest
from training.inference.scoring import VoiceScores
from training.inference.selection import SampledSlot, SlotSelection, relative_likelihood
from training.model.encoding import ALGORITHM_SLOT, encode

MAXIMA = np.array([row.maximum for row in PARAMETERS])
KEYS = ("brass", "organ", "bell")
TRAINING = np.zeros((1, PARAMETER_COUNT), np.uint8)


def voices(count: int, seed: int = 0) -> np.ndarray:
    """Random legal voices of algorithm 1."""
    found = np.random.default_rng(seed).integers(1, MAXIMA + 1, (count, PARAMETER_COUNT)).astype(np.uint8)
    found[:, _algorithm()] = 0
    return found


def _algorithm() -> int:
    return next(row.index for row in PARAMETERS if row.name == "algorithm")


def drawn(parameters: np.ndarray, likelihood: list[float] | None = None) -> DrawnVoices:
    count = len(parameters)
    given = np.zeros(count) if likelihood is None else likelihood
    return DrawnVoices(encode(parameters).astype(np.int64), np.zeros((count, 7), int), np.array(given, np.float32))


def made_up_model(**changed) -> SimpleNamespace:
    def weights(mix):
        found = np.array([mix.get(key, 0.0) for key in KEYS], np.float32)
        return found / found.sum()

    plain = {
        "fingerprint": make_fingerprint(TRAINING, (voice_id(TRAINING[0].tobytes()),)),
        "category_keys": KEYS,
        "classifier": None,
        "critic": None,
        "weights": weights,
        "names": None,
        "generator": "the generator",
        "prototypes": "the prototypes",
    }
    return SimpleNamespace(**plain | changed)


EAR = SimpleNamespace(category_keys=("brass", "organ"))


@pytest.fixture
def analysed(monkeypatch):
    """What was analysed, a list of calls; ``fit``, ``ratio`` and ``faults`` by the first parameter of a voice."""
    found = SimpleNamespace(calls=[], asked=[], fit={}, ratio={}, faults={})

    def score_voices(parameters, mix, classifier, critic):
        found.calls.append(parameters.copy())
        found.asked.append((mix, classifier, critic))
        first = parameters[:, 0].tolist()
        fit = None if classifier is None else np.array([found.fit.get(one, 0.5) for one in first])
        return VoiceScores(parameters.astype(np.float32), fit, np.array([found.ratio.get(one, 1.0) for one in first]))

    def grave_faults(descriptors, categories):
        found.asked.append(categories)
        return found.faults.get(int(descriptors[0]), ())

    monkeypatch.setattr(selection, "score_voices", score_voices)
    monkeypatch.setattr(selection, "grave_faults", grave_faults)
    return found


def numbered(count: int) -> np.ndarray:
    """Voices that differ, and whose first parameter is their number."""
    found = voices(count)
    found[:, 0] = np.arange(count)
    return found


def numbers(slots) -> list[int]:
    return [slot.voice.parameters[0] for slot in slots]


def test_likelihood_is_relative_to_the_mean_of_the_algorithm():
    relative = relative_likelihood(np.array([1, 3, 10, -4, 6], np.float32), np.array([2, 2, 0, 5, 0]))
    assert relative.tolist() == [-1, 1, 2, 0, -2]
    assert relative.dtype == np.float64


def test_the_likelier_half_is_analysed_in_the_order_drawn(analysed):
    chosen = SlotSelection(made_up_model(), SampleRequest(count=5))
    chosen.add(drawn(numbered(5), [3, 1, 4, 1, 5]), all_of_them=False)
    assert [call[:, 0].tolist() for call in analysed.calls] == [[0, 2, 4]]  # half of five, rounded up
    assert (chosen.drawn, chosen.left_out["less likely"]) == (5, 2)
    assert not chosen.complete
    chosen.add(drawn(voices(4, seed=9), [0, 1, 2, 3]), all_of_them=True)
    assert len(analysed.calls[1]) == 4
    assert (chosen.drawn, chosen.left_out["less likely"]) == (9, 2)
    assert len(chosen.good) == 7
    assert chosen.complete


def test_equally_likely_voices_are_analysed_in_the_order_drawn(analysed):
    chosen = SlotSelection(made_up_model(classifier=EAR), SampleRequest({"brass": 1.0}, count=50))
    chosen.add(drawn(numbered(40)), all_of_them=False)
    assert [call[:, 0].tolist() for call in analysed.calls] == [list(range(20))]  # in one go for the classifier


def test_reasons_are_counted_over_all_attempts(analysed):
    chosen = SlotSelection(made_up_model(), SampleRequest(count=1))
    for number in (1, 2):
        copies = np.array([groups_changed(TRAINING[0], number)] * 2)
        chosen.add(drawn(copies), all_of_them=True)
    chosen.add(drawn(numbered(20)), all_of_them=True)
    chosen.add(drawn(numbered(5)), all_of_them=True)
    assert chosen.left_out == {"less likely": 0, "copy of a training voice": 4, "not needed": 4 + 5}


def test_a_voice_of_zeros_is_as_good_as_any(analysed):
    elsewhere = voices(1, seed=3)
    model = made_up_model(fingerprint=make_fingerprint(elsewhere, (voice_id(elsewhere[0].tobytes()),)))
    chosen = SlotSelection(model, SampleRequest(count=1))
    chosen.add(drawn(TRAINING), all_of_them=True)
    assert chosen.complete


def test_a_voice_that_does_not_fit_at_all_comes_last(analysed):
    analysed.fit = {0: 0.0, 1: 0.01}
    chosen = SlotSelection(made_up_model(classifier=EAR), SampleRequest({"brass": 1.0}, count=2))
    chosen.add(drawn(numbered(2)), all_of_them=True)
    assert numbers(chosen.finish()[0]) == [1, 0]


def test_likelihood_is_compared_within_an_algorithm(analysed):
    parameters = numbered(4)
    parameters[2:, _algorithm()] = 1
    SlotSelection(made_up_model(), SampleRequest(count=4)).add(drawn(parameters, [9, 8, 2, 1]), all_of_them=False)
    assert analysed.calls[0][:, 0].tolist() == [0, 2]


def test_without_a_classifier_sixteen_are_analysed_at_once_until_there_are_enough(analysed):
    chosen = SlotSelection(made_up_model(), SampleRequest({"brass": 1.0}, count=17))
    chosen.add(drawn(numbered(50)), all_of_them=True)
    assert [len(call) for call in analysed.calls] == [16, 16]
    slots, left_out = chosen.finish()
    assert numbers(slots) == list(range(17))
    assert left_out == {"not needed": 50 - 32 + 32 - 17}
    assert all(slot.fit is None for slot in slots)


def test_with_a_classifier_all_are_analysed_and_the_best_are_kept(analysed):
    analysed.fit = {0: 0.2, 1: 0.7, 2: 0.4, 3: 0.123456}
    model = made_up_model(classifier=EAR, critic="the critic")
    chosen = SlotSelection(model, SampleRequest({"brass": 1.0}, count=2))
    assert chosen.classified
    chosen.add(drawn(numbered(20)[:4]), all_of_them=True)
    assert len(analysed.calls) == 1
    assert analysed.asked[0] == ({"brass": 1.0}, EAR, "the critic")
    assert analysed.asked[1] == ["brass"]
    assert chosen.good[3].slot.fit == 0.1235
    slots, left_out = chosen.finish()
    assert numbers(slots) == [1, 2]
    assert left_out == {"another fits better": 2}


@pytest.mark.parametrize(
    ("classifier", "mix", "like", "classified"),
    [
        (EAR, {"brass": 1.0}, None, True),
        (EAR, {"bell": 0.5, "organ": 0.5}, None, True),
        (EAR, {"bell": 1.0}, None, False),
        (EAR, {}, None, False),
        (None, {"brass": 1.0}, None, False),
        (EAR, {"brass": 1.0}, Voice.from_array(TRAINING[0]), False),
    ],
)
def test_the_classifier_chooses_only_categories_that_it_knows_and_no_variations(classifier, mix, like, classified):
    chosen = SlotSelection(made_up_model(classifier=classifier), SampleRequest(mix, like=like))
    assert chosen.classified is classified
    assert (chosen.classifier is None) == (classifier is None or like is not None)


def test_above_the_confident_fit_the_critic_decides(analysed):
    analysed.fit = {0: 0.99, 1: 0.75, 2: 0.8, 3: 0.74}
    analysed.ratio = {0: 1e-9, 1: 1.0, 2: 1e9, 3: 1e20}
    chosen = SlotSelection(made_up_model(classifier=EAR), SampleRequest({"brass": 1.0}, count=4, seed=6))
    chosen.add(drawn(numbered(4)), all_of_them=True)
    assert numbers(chosen.finish()[0]) == [2, 1, 0, 3]
    noise = np.random.default_rng([6, 4]).gumbel(size=4)
    expected = np.log([1e-9, 1.0, 1e9, 1e20]) + noise
    assert [one.tie_break for one in chosen.good] == pytest.approx(expected)


def test_tie_breaks_take_voices_as_often_as_their_ratio_says(analysed):
    analysed.fit, analysed.ratio = dict.fromkeys(range(2), 0.9), {0: 3.0, 1: 1.0}
    taken = Counter()
    for seed in range(300):
        chosen = SlotSelection(made_up_model(classifier=EAR), SampleRequest({"brass": 1.0}, count=1, seed=seed))
        chosen.add(drawn(numbered(2)), all_of_them=True)
        taken.update(numbers(chosen.finish()[0]))
    assert taken[0] / 300 == pytest.approx(0.75, abs=0.08)


def groups_changed(base: np.ndarray, count: int) -> np.ndarray:
    """A voice that differs from ``base`` in one parameter of each of ``count`` groups of the fingerprint."""
    other = base.copy()
    for group in _ORDER[:count]:
        column = group[np.argmax(MAXIMA[group])]
        other[column] = (other[column] + 1) % (MAXIMA[column] + 1)
    return other


def test_copies_are_within_eight_parameters_of_a_training_voice(analysed):
    chosen = SlotSelection(made_up_model(), SampleRequest(count=1))
    near, far = groups_changed(TRAINING[0], 8), groups_changed(TRAINING[0], 9)
    chosen.add(drawn(np.array([near, far])), all_of_them=True)
    assert chosen.left_out["copy of a training voice"] == 1
    (slot,), left_out = chosen.finish()
    assert slot.voice.parameters == far.tobytes()
    assert (slot.distance, slot.nearest) == (9, voice_id(TRAINING[0].tobytes()))
    assert left_out == {"copy of a training voice": 1}


def test_slots_differ_in_more_than_eight_parameters(analysed):
    first = voices(1)[0]
    near, far = groups_changed(first, 8), groups_changed(first, 9)
    chosen = SlotSelection(made_up_model(), SampleRequest(count=2))
    chosen.add(drawn(np.array([first, near, far])), all_of_them=True)
    slots, left_out = chosen.finish()
    assert [slot.voice.parameters for slot in slots] == [first.tobytes(), far.tobytes()]
    assert left_out == {"like another slot": 1}


def test_a_variation_differs_from_the_favourite_and_the_others_in_one_parameter(analysed):
    favourite = TRAINING[0]  # copies of training voices are welcome
    one, other = groups_changed(favourite, 1), groups_changed(favourite, 2)
    request = SampleRequest({"brass": 1.0}, count=2, like=Voice.from_array(favourite))
    chosen = SlotSelection(made_up_model(classifier=EAR), request)
    chosen.add(drawn(np.array([favourite, one, one, other])), all_of_them=True)
    slots, left_out = chosen.finish()
    assert [slot.voice.parameters for slot in slots] == [one.tobytes(), other.tobytes()]
    assert left_out == {"like another slot": 2}
    assert all(slot.fit is None for slot in slots)


def test_faulty_voices_fill_up_and_the_rest_counts_by_gravest_fault(analysed):
    analysed.faults = {0: ("silent", "clicks"), 1: ("clicks",), 3: ("off_pitch",)}
    chosen = SlotSelection(made_up_model(), SampleRequest({"brass": 0.5, "bell": 0.5}, count=3))
    chosen.add(drawn(numbered(5)), all_of_them=True)
    assert not chosen.complete
    slots, left_out = chosen.finish()
    assert numbers(slots) == [2, 4, 0]
    assert slots[2].faults == ("silent", "clicks")
    assert left_out == {"clicks": 1, "off_pitch": 1}
    assert ["brass", "bell"] in analysed.asked


@pytest.mark.parametrize(
    ("like", "remedy"),
    [(None, "train it longer"), (Voice.from_array(TRAINING[0]), "unlock a parameter group or ask for a larger amount")],
)
def test_too_few_voices_are_an_error_that_says_what_to_do(analysed, like, remedy):
    chosen = SlotSelection(made_up_model(), SampleRequest(count=3, like=like))
    chosen.add(drawn(numbered(2)), all_of_them=True)
    with pytest.raises(ModelError, match=f"^the model drew only 2 different voices of 3; {remedy}$"):
        chosen.finish()


def test_guidance_weighs_the_unconditional_row_last():
    shares = sampling.with_guidance(np.array([0.75, 0.25], np.float32))
    assert shares[0] == pytest.approx([0.525, 0.175, 0.3])
    assert shares[1:] == pytest.approx(np.tile([0.9375, 0.3125, -0.25], (6, 1)))
    assert shares.dtype == np.float32
    assert shares[0, :2].tolist() == (np.float32(0.7) * np.array([0.75, 0.25], np.float32)).tolist()


def test_a_mix_has_a_condition_for_each_category_and_an_unconditional_one():
    mix = sampling.make_mix(made_up_model(), {"organ": 0.25, "brass": 0.75}, count=3)
    assert mix.conditions.tolist() == [[[1, 0, 0]] * 3, [[0, 1, 0]] * 3, [[0, 0, 0]] * 3]
    assert mix.shares == pytest.approx(sampling.with_guidance(np.array([0.75, 0.25], np.float32)))
    plain = sampling.make_mix(made_up_model(), {"organ": 0.25, "brass": 0.75}, count=3, guided=False)
    assert plain.shares == pytest.approx(np.tile([0.75, 0.25, 0], (7, 1)))
    free = sampling.make_mix(made_up_model(), {}, count=2)
    assert (free.conditions.tolist(), free.shares.tolist()) == ([[[0, 0, 0]] * 2], [[1]] * 7)
    for one in (mix, plain, free):
        assert one.conditions.dtype == one.shares.dtype == np.float32


def test_the_temperature_rises_after_two_attempts_and_is_scaled():
    usual = [1.0] + [0.95] * 6
    assert sampling.temperature_of_attempt(0).codes == pytest.approx(usual)
    assert sampling.temperature_of_attempt(1).values == pytest.approx(usual)
    third = [1 + 0.15 / 8] + [0.95 + 0.2 / 8] * 6
    assert sampling.temperature_of_attempt(2).codes == pytest.approx(third)
    assert sampling.temperature_of_attempt(9, 2.0).values == pytest.approx([2.3] * 7)
    assert sampling.temperature_of_attempt(2, 0.5).codes == pytest.approx(np.array(third) / 2)
    assert sampling.temperature_of_attempt(2).codes.dtype == np.float32


@pytest.fixture
def draws(monkeypatch):
    """Calls of ``draw``; each returns the next voices of ``give``, with the noise as a label."""
    found = SimpleNamespace(calls=[], give=[])

    def draw(generator, mix, *, noise, temperature, bias=None):
        found.calls.append(
            SimpleNamespace(generator=generator, mix=mix, noise=noise, temperature=temperature, bias=bias)
        )
        return drawn(found.give.pop(0))

    monkeypatch.setattr(sampling, "draw_voices", draw)
    monkeypatch.setattr(sampling, "gumbel_noise", lambda seed, number=0: (seed, number))
    monkeypatch.setattr(sampling, "bias_towards", lambda *given, **named: (given, named))
    return found


def test_attempts_go_on_until_there_are_enough(analysed, draws):
    draws.give = [numbered(6)[:2], numbered(6)[2:4], numbered(6)[3:6], numbered(6)]
    cartridge = sampling.sample(made_up_model(), SampleRequest({"organ": 1.0}, count=4, seed=3, temperature=1.5))
    assert [call.noise for call in draws.calls] == [(3, 0), (3, 1), (3, 2)]
    assert [len(call) for call in analysed.calls] == [1, 1, 3]  # the likelier half, and all from the third attempt on
    assert numbers(cartridge.slots) == [0, 2, 3, 4]
    assert (cartridge.drawn, cartridge.left_out) == (7, {"less likely": 2, "not needed": 1})
    first = draws.calls[0]
    assert (first.generator, first.bias) == ("the generator", None)
    assert first.mix.conditions.shape == (2, 12, 3)
    assert first.temperature.codes == pytest.approx(sampling.temperature_of_attempt(0, 1.5).codes)
    assert draws.calls[2].temperature.codes == pytest.approx(sampling.temperature_of_attempt(2, 1.5).codes)
    assert [slot.voice.name for slot in cartridge.slots] == make_names([["organ"]] * 4, seed=3)


def test_ten_attempts_are_the_last(analysed, draws):
    draws.give = [numbered(1)] * 11
    with pytest.raises(ModelError, match="drew only 1 different voices of 2"):
        sampling.sample(made_up_model(), SampleRequest(count=2))
    assert len(draws.calls) == 10


def test_all_candidates_are_analysed_where_a_classifier_chooses(analysed, draws):
    draws.give = [numbered(4)]
    sampling.sample(made_up_model(classifier=EAR), SampleRequest({"brass": 1.0}, count=2))
    assert [len(call) for call in analysed.calls] == [4]


def test_variations_are_biased_towards_the_favourite_and_named_after_it(analysed, draws):
    favourite = Voice.from_array(voices(1, seed=5)[0], "TUB BELLS")
    draws.give = [numbered(8)]
    request = SampleRequest({}, count=3, like=favourite, amount=0.4, locked=("lfo",))
    cartridge = sampling.sample(made_up_model(), request)
    (tokens, prototypes), named = draws.calls[0].bias
    assert np.array_equal(tokens, encode(np.frombuffer(favourite.parameters, np.uint8)[None])[0])
    assert (prototypes, named) == ("the prototypes", {"amount": 0.4, "locked": ("lfo",)})
    assert [slot.voice.name for slot in cartridge.slots] == name_variations("TUB BELLS", 3)


def test_voices_of_any_category_are_named_by_what_they_sound_like(analysed, draws, monkeypatch):
    def likeliest_categories(parameters, classifier):
        assert (parameters.dtype, classifier) == (np.uint8, EAR)
        return ["bell", "organ"][: len(parameters)]

    monkeypatch.setattr(sampling, "likeliest_categories", likeliest_categories)
    for model, categories in ((made_up_model(classifier=EAR), [["bell"], ["organ"]]), (made_up_model(), [["any"]] * 2)):
        draws.give = [numbered(8)]
        cartridge = sampling.sample(model, SampleRequest(count=2, seed=1))
        assert [slot.voice.name for slot in cartridge.slots] == make_names(categories, seed=1)


def test_names_of_training_voices_are_avoided(analysed, draws):
    (taken,) = make_names([["organ"]], seed=1)
    model = made_up_model(names=hash_names([taken]))
    request = SampleRequest({"organ": 1.0}, count=1, seed=1)
    for sample in (sampling.sample, sampling.sample_raw):
        draws.give = [numbered(2) if sample is sampling.sample else numbered(1)]
        (slot,) = sample(model, request).slots
        assert [slot.voice.name] == make_names([["organ"]], seed=1, known=model.names) != [taken]


def test_raw_voices_are_kept_as_they_are_drawn(draws):
    near = groups_changed(TRAINING[0], 3)
    draws.give = [np.array([near, near])]
    request = SampleRequest({"bell": 0.5, "brass": 0.5}, count=2, seed=7, temperature=1.2, raw=True)
    cartridge = sampling.sample_raw(made_up_model(), request)
    (call,) = draws.calls
    assert (call.generator, call.noise, call.temperature) == ("the generator", (7, 0), (1.2, 1.2))
    assert call.mix.shares == pytest.approx(np.tile([0.5, 0.5, 0], (7, 1)))
    assert call.mix.conditions.shape == (3, 2, 3)
    names = make_names([["bell", "brass"]] * 2, seed=7)
    nearest = voice_id(TRAINING[0].tobytes())
    assert cartridge.slots == tuple(SampledSlot(Voice.from_array(near, name), nearest, 3, ()) for name in names)
    assert (cartridge.drawn, cartridge.left_out) == (2, {})
    draws.give = [numbered(1)]
    (slot,) = sampling.sample_raw(made_up_model(), SampleRequest(count=1, seed=7)).slots
    assert [slot.voice.name] == make_names([["any"]], seed=7)


def test_wanted_voices_are_unguided_or_as_in_cartridges(draws):
    draws.give = [numbered(2)] * 2
    made = sampling.draw_wanted(made_up_model(), ["organ", "brass"], seed=4)
    assert np.array_equal(made, numbered(2))
    sampling.draw_wanted(made_up_model(), ["organ", "brass"], seed=4, as_in_cartridges=True)
    plain, guided = draws.calls
    assert (plain.generator, plain.noise, plain.temperature) == ("the generator", (4, 0), (1.0, 1.0))
    assert plain.mix.conditions.tolist() == [[[0, 1, 0], [1, 0, 0]]]
    assert (plain.mix.shares == np.ones((7, 1))).all()
    assert plain.mix.shares.dtype == np.float32
    assert guided.mix.conditions.tolist() == [[[0, 1, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 0]]]
    assert guided.mix.shares == pytest.approx(sampling.with_guidance(np.ones(1, np.float32)))
    assert guided.temperature.codes == pytest.approx([1.0] + [0.95] * 6)


def test_the_algorithm_is_read_from_its_slot():
    assert encode(voices(3))[:, 0, ALGORITHM_SLOT].tolist() == [0, 0, 0]
