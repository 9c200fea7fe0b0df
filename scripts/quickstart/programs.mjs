/** The programs of the story: plain Python, no libraries. All run in one session, so later ones see what earlier ones defined. */

export const VERSIONS = `import platform
print('Python', platform.python_version(), 'on', platform.platform())`;

export const PROGRESS = `import time
for step in range(1, 7):
    print(f'step {step} of 6', flush=True)
    time.sleep(0.5)
result = sum(n * n for n in range(1, 101))`;

export const STATE = 'result';

export const EXCEPTION = `def ratio(a, b):
    return a / b

ratio(result, 0)`;

export const INPUT = `text = input('Say something: ')
print(f'{text.upper()} - backwards: {text[::-1]}')`;

export const PLOT = `import math, os

class Plot:
    """A curve as SVG, shown by the session as pictures of notebooks are."""
    def __init__(self, f, low, high, width=480, height=160, points=120):
        xs = [low + (high - low) * i / points for i in range(points + 1)]
        ys = [f(x) for x in xs]
        bottom, top = min(ys), max(ys)
        place = lambda x, y: (
            round((x - low) / (high - low) * width, 1),
            round((top - y) / (top - bottom) * height, 1),
        )
        path = ' '.join('%s,%s' % place(x, y) for x, y in zip(xs, ys))
        self.svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
            f'<polyline fill="none" stroke="teal" stroke-width="2" points="{path}"/></svg>'
        )
    def _repr_svg_(self):
        return self.svg

plot = Plot(lambda x: math.sin(x) * math.exp(-x / 8), 0, 6 * math.pi)
os.makedirs('.output', exist_ok=True)
with open('.output/plot.svg', 'w') as file:
    file.write(plot.svg)
with open('.output/summary.txt', 'w') as file:
    file.write(f'the sum was {result}\\nthe plot has {len(plot.svg)} bytes\\n')
plot`;
