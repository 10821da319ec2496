"""Whether more answers still help, on the Progress page: in words, and the curves of people's answers and simulated."""

from __future__ import annotations

import streamlit as st

from corpus.storage.store import open_store
from corpus.suggest.learning_curves import ANSWERS_CURVE, read_curves, update_forecast
from corpus.suggest.simulation import ORDERS, QUEUE, RANDOM, UNCERTAIN
from labeler.page.context import Context
from labeler.widgets.charts import learning_chart

_CURVES = {
    QUEUE: "the queue, simulated",
    UNCERTAIN: "plain uncertainty, simulated",
    RANDOM: "random order, simulated",
    ANSWERS_CURVE: "people's own answers",
}


def draw_returns(context: Context) -> None:
    """Draw the sentence and the curves that there are."""
    with st.spinner("Learning from more and more of the answers"):
        returns = update_forecast(context.store)
    with open_store(context.store, read_only=True) as connection:
        curves = read_curves(connection)
    st.text(returns.in_words())
    shown = {title: curves[name] for name, title in _CURVES.items() if name in curves}
    if shown:
        st.altair_chart(learning_chart(shown), width="stretch")
    if set(ORDERS) <= set(curves):
        st.text("Simulated: people whose answers are what names say, judged on families that nobody was asked about.")
    else:
        st.text("How many answers the queue saves can be simulated on these voices: python -m corpus simulate")
