import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs/how-to/run-the-chain-on-arrays.md"


def test_the_code_of_the_page_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names = {}

    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - our own page

    assert len(blocks) == 2
    assert "(20.0, 450.0)" in capsys.readouterr().out
    assert names["believable"].all()
    assert names["rms_uv"].shape == (8,)


def test_the_code_of_the_stimulation_page_runs(capsys):
    text = PAGE.with_name("measure-under-stimulation.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}

    for block in blocks:
        exec(compile(block, "measure-under-stimulation", "exec"), names)  # noqa: S102 - ours

    assert len(blocks) == 2
    assert names["leak"].passed.all()
    assert (names["reading"].quality == 0).all()
    assert names["chain"].lag_rows < 0.6 * 2000
    assert "None" in capsys.readouterr().out
