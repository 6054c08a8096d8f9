"""A terminal's text as a picture for the README: plain SVG, no fonts fetched from anywhere."""

from collections.abc import Sequence
from html import escape

LINE = 19
COLUMN = 8.4
MARGIN = 18
BAR = 30
FONT = "ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace"
COLOURS = (
    ("$ ", "#f0f3f6", True),
    ("──", "#6cb6ff", True),
    ("  ✓", "#57d364", True),
    ("  ✗", "#ff7b72", True),
    ("  + ", "#57d364", False),
    ("    + ", "#57d364", False),
    ("    ~ ", "#e3b341", False),
    ("  applied", "#57d364", False),
)
PLAIN = "#adbac7"


def svg(lines: Sequence[str], title: str) -> str:
    """Return the lines as an SVG document; ``title`` is what a screen reader says."""
    width = round(max(map(len, lines), default=0) * COLUMN + 2 * MARGIN)
    height = len(lines) * LINE + BAR + MARGIN
    dots = "".join(
        f'<circle cx="{MARGIN + 18 * place}" cy="18" r="6" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    rows = "".join(_row(number, line) for number, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect width="100%" height="100%" rx="10" fill="#1c2128"/>{dots}'
        f'<g font-family="{FONT}" font-size="14" xml:space="preserve">{rows}</g></svg>\n'
    )


def _row(number: int, line: str) -> str:
    colour, bold = next(((fill, bold) for start, fill, bold in COLOURS if line.startswith(start)), (PLAIN, False))
    weight = ' font-weight="bold"' if bold else ""
    # Spaces are kept as they are by no-break ones: xml:space is ignored in an <img>.
    text = escape(line).replace(" ", "\u00a0")
    return f'<text x="{MARGIN}" y="{BAR + LINE * (number + 1)}" fill="{colour}"{weight}>{text}</text>'
