"""The parts of `bench_talk.py`; see there for the method."""
