"""The labeller: a Streamlit app to hear and label voices and to fill cartridges. It draws; ``corpus`` decides."""
