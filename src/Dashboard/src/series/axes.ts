import { lowerBound } from "./seriesBuffer";

/**
 * Training time at the end of each epoch, in seconds: the sum of what the epochs took. Where a long series was thinned, the
 * epochs left out count as long as the one after them.
 */
export function elapsedSeconds(epochs: readonly number[], secondsPerEpoch: readonly number[]): number[] {
  let last = 0;
  let sum = 0;
  return epochs.map((epoch, index) => {
    sum += (epoch - last) * (secondsPerEpoch[index] ?? 0);
    last = epoch;
    return sum;
  });
}

/** Value at x of a curve through the origin and the given points; beyond the last point it goes on as before it. */
export function interpolate(xs: readonly number[], ys: readonly number[], x: number): number {
  const count = xs.length;
  if (count === 0) {
    return 0;
  }
  const high = Math.min(lowerBound(xs, x), count - 1);
  const [x0, y0] = high === 0 ? [0, 0] : [xs[high - 1]!, ys[high - 1]!];
  const [x1, y1] = [xs[high]!, ys[high]!];
  return x1 === x0 ? y1 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}
