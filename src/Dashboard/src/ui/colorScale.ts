// Viridis: equal steps look equal, also in grey and to the colour-blind.
const anchors = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
] as const;

/** Colour of a share from 0 to 1, as red, green, blue. */
export function colorAt(share: number): [number, number, number] {
  const place = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0)) * (anchors.length - 1);
  const index = Math.min(Math.floor(place), anchors.length - 2);
  const [from, to] = [anchors[index]!, anchors[index + 1]!];
  const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (to[channel] - from[channel]) * (place - index));
  return [mix(0), mix(1), mix(2)];
}

export function colorScaleCss(): string {
  return `linear-gradient(to right, ${anchors.map(color => `rgb(${color.join(" ")})`).join(", ")})`;
}
