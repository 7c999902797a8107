"""The library of the charts, as it was taken."""

from tests.static import charts, katex


def test_the_charts_are_what_was_taken():
    assert (charts.FOLDER / katex.SUMS).read_text() == katex.sums(charts.FOLDER)
    names = {path.name for path in charts.FOLDER.iterdir()}
    assert names == {"LICENSE", "uplot.js", "uplot.css", katex.SUMS}
