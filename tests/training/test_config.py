import pytest

from dx7.errors import ModelError
from training.model.config import CONFIGS, Config, load_config, make_config


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_config_is_an_experiment_card(path):
    config = load_config(path.stem)
    assert config.steps == config.likelihood_steps + config.adversarial_steps + config.listening_steps > 0
    assert f"--config {path.stem}" in path.read_text(encoding="utf-8")


def test_an_unknown_key_is_an_error(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("batch = 8\nlerning_rate = 0.1\n", encoding="utf-8")
    with pytest.raises(ModelError, match="unknown key 'lerning_rate'"):
        load_config(str(file))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("batch = 'many'", "batch is 'many'; it must be a whole number"),
        ("batch = 1.5", "batch is 1.5"),
        ("dropout = true", "dropout is True; it must be a number"),
        ("checkpoint_every = 30", "multiple of steps_per_chunk"),
        ("batch = ", "not valid TOML"),
    ],
)
def test_a_bad_value_is_named(tmp_path, text, complaint):
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=complaint):
        load_config(str(file))


def test_a_config_that_is_not_there_names_those_that_are():
    with pytest.raises(ModelError, match="shipped are base, shipped, tiny"):
        load_config("huge")


def test_the_hash_follows_the_settings():
    assert make_config({}, where="here") == Config()
    assert make_config({"seed": 1}, where="here").config_hash != Config().config_hash
