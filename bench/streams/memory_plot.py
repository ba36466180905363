"""Draws two memory curves as one SVG, and prints what they say in a line each."""

import sys
from pathlib import Path

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 36, 48
COLOURS = {"pull": "#0b6e4f", "queue": "#b23a48"}
LABELS = {"pull": "pulled by weir", "queue": "queue without a bound"}


def read(path):
    rows = [line.split() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [(float(t), float(mb), int(made), int(used)) for t, mb, made, used in rows]


def nice_ceiling(value):
    step = 10 ** (len(str(int(value))) - 1)
    return (int(value / step) + 1) * step


def main(pull_path, queue_path, svg_path):
    curves = {"pull": read(pull_path), "queue": read(queue_path)}
    seconds = max(row[0] for row in curves["pull"])
    top = nice_ceiling(max(row[1] for rows in curves.values() for row in rows))

    def x(t):
        return LEFT + (WIDTH - LEFT - RIGHT) * t / seconds

    def y(mb):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * mb / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13" role="img" '
        'aria-label="Resident memory over time: flat when pulled, growing with a queue">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-weight="bold" fill="#222">Resident memory in MB; '
        "the producer could be 100 times faster than the consumer</text>",
    ]
    for i in range(5):
        mb = top * i / 4
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mb):.1f}" y2="{y(mb):.1f}" '
                     'stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(mb) + 4:.1f}" text-anchor="end" fill="#555">'
                     f"{mb:g}</text>")
    for i in range(6):
        t = seconds * i / 5
        parts.append(f'<text x="{x(t):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle" '
                     f'fill="#555">{t:g} s</text>')
    for name, rows in curves.items():
        points = " ".join(f"{x(t):.1f},{y(mb):.1f}" for t, mb, _, _ in rows)
        last = rows[-1]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[name]}" '
                     'stroke-width="2.5"/>')
        parts.append(f'<text x="{x(last[0]) + 8:.1f}" y="{y(last[1]) - 4:.1f}" '
                     f'fill="{COLOURS[name]}">{LABELS[name]}</text>')
        most = max(row[1] for row in rows)
        print(f"{name}: {rows[0][1]:.1f} MB at the start, {most:.1f} MB at most, "
              f"{last[2]} items made, {last[3]} consumed in {last[0]:.0f} s")
    parts.append("</svg>")
    Path(svg_path).write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
