"""The collection: banks become a store of distinct voices, judged by rules and people, and leave as exports."""
