from __future__ import annotations

import pytest

from corpus.labels.rechecks import RecheckShares
from labeler.page.settings import AGREEMENT_VARIABLE, serving_shares


@pytest.mark.parametrize(
    ("said", "shares"),
    [
        ("0.2", RecheckShares(inter=0.2)),
        ("0", RecheckShares(inter=0)),
        ("", RecheckShares()),
        ("many", RecheckShares()),
        ("7", RecheckShares()),
    ],
)
def test_the_share_of_second_opinions_is_a_setting(
    said: str, shares: RecheckShares, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AGREEMENT_VARIABLE, said)
    assert serving_shares() == shares
