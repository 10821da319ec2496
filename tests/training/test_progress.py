from training.run.progress import report_progress


def test_where_no_terminal_looks_a_line_comes_now_and_then_and_at_the_end(capsys):
    line = {"phase": "likelihood", "loss/values": 99.96, "steps_per_second": 2.0}
    with report_progress(100, quiet=False, every=3600) as tell:
        for step in (20, 40, 60, 80, 100):
            tell(step, line)
    assert capsys.readouterr().err.splitlines() == [
        "step 20 of 100 · likelihood · loss/values 100.0 · 2.0 steps a second · 0:00:40 to go",
        "step 100 of 100 · likelihood · loss/values 100.0 · 2.0 steps a second · 0:00:00 to go",
    ]


def test_before_a_phase_was_timed_nothing_is_said_of_its_pace(capsys):
    with report_progress(100, quiet=False, every=0) as tell:
        tell(20, {"phase": "likelihood", "steps_per_second": 9.0})
        tell(40, {"phase": "adversarial"})
    assert capsys.readouterr().err.splitlines()[1] == "step 40 of 100 · adversarial"


def test_before_the_first_step_it_tells_what_is_heard(capsys):
    with report_progress(100, quiet=False, every=0) as tell:
        tell(0, {"phase": "hearing", "heard": 4000, "to_hear": 29083})
    assert capsys.readouterr().err == "analysing training voices · 4,000 of 29,083 voices\n"


def test_whoever_asks_for_json_is_told_nothing_else(capsys):
    with report_progress(100, quiet=True) as tell:
        tell(100, {"phase": "likelihood"})
    assert capsys.readouterr() == ("", "")
