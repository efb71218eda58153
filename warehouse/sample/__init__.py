"""The data of the demo: invented papers, people and organizations in the shapes the source sends.

``archive/`` holds the captures that the demo replays, ``labelled_mentions.jsonl`` mentions with their authors.
``python -m tests.worlds sample`` writes the archive; nothing in it is about anyone real.
"""
