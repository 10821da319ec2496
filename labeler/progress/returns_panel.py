"""The learning curves tab of the Progress page: whether more answers still improve the classifier."""

from __future__ import annotations

import streamlit as st

from corpus.storage.store import open_store
from corpus.suggest.learning_curves import ANSWERS_CURVE, read_curves, update_forecast
from corpus.suggest.simulation import ORDERS, QUEUE, RANDOM, UNCERTAIN
from labeler.page.context import Context
from labeler.widgets.charts import learning_chart

_CURVES = {
    QUEUE: "the queue, simulated",
    UNCERTAIN: "uncertainty sampling, simulated",
    RANDOM: "random order, simulated",
    ANSWERS_CURVE: "people's own answers",
}


def draw_returns(context: Context) -> None:
    """Draw the forecast and the available curves."""
    with st.spinner("Training on growing parts of the answers"):
        returns = update_forecast(context.store)
    with open_store(context.store, read_only=True) as connection:
        curves = read_curves(connection)
    st.text(returns.in_words())
    shown = {title: curves[name] for name, title in _CURVES.items() if name in curves}
    if shown:
        st.altair_chart(learning_chart(shown), width="stretch")
    if set(ORDERS) <= set(curves):
        st.text("Simulated: answers are taken from names; accuracy is measured on families without an answer.")
    else:
        st.text("Simulate how many answers the queue saves on these voices: python -m corpus simulate")
