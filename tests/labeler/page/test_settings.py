from __future__ import annotations

import pytest

from corpus.labels.rechecks import Shares
from labeler.page.settings import AGREEMENT_VARIABLE, serving_shares


@pytest.mark.parametrize(
    ("said", "shares"),
    [("0.2", Shares(agreement=0.2)), ("0", Shares(agreement=0)), ("", Shares()), ("many", Shares()), ("7", Shares())],
)
def test_the_share_of_second_opinions_is_a_setting(said: str, shares: Shares, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AGREEMENT_VARIABLE, said)
    assert serving_shares() == shares
