/** A curve: x ascending, each x once. Bounded; when it is full, extremes survive and the points between them go. */
export class SeriesBuffer {
  private xs: number[] = [];
  private ys: number[] = [];

  constructor(private readonly limit = 4000) {}

  get length(): number {
    return this.xs.length;
  }

  get x(): readonly number[] {
    return this.xs;
  }

  get y(): readonly number[] {
    return this.ys;
  }

  get lastY(): number | undefined {
    return this.ys[this.ys.length - 1];
  }

  /** Sets the value at x; a repeated x (a resumed worker repeats steps) replaces the old value. */
  put(x: number, y: number): void {
    const last = this.xs[this.xs.length - 1];
    if (last === undefined || x > last) {
      this.xs.push(x);
      this.ys.push(y);
    } else {
      const index = lowerBound(this.xs, x);
      const isNew = this.xs[index] !== x;
      this.xs.splice(index, isNew ? 0 : 1, x);
      this.ys.splice(index, isNew ? 0 : 1, y);
    }
    if (this.xs.length > this.limit) {
      [this.xs, this.ys] = thin(this.xs, this.ys, Math.floor(this.limit / 2));
    }
  }

  /** Merges points that were read from the service, in any order, with the live ones that are newer than them. */
  putAll(points: Iterable<{ x: number; y: number }>): void {
    const merged = new Map<number, number>();
    this.xs.forEach((x, index) => merged.set(x, this.ys[index]!));
    for (const { x, y } of points) {
      merged.set(x, y);
    }
    const sorted = [...merged].sort((a, b) => a[0] - b[0]);
    this.xs = sorted.map(([x]) => x);
    this.ys = sorted.map(([, y]) => y);
    if (this.xs.length > this.limit) {
      [this.xs, this.ys] = thin(this.xs, this.ys, Math.floor(this.limit / 2));
    }
  }
}

/** At most about maxPoints of a curve: the first, the last, and of each stretch between them its lowest and highest point. */
export function thin(xs: readonly number[], ys: readonly number[], maxPoints: number): [number[], number[]] {
  const count = xs.length;
  if (count <= Math.max(maxPoints, 4)) {
    return [[...xs], [...ys]];
  }
  const buckets = Math.max(1, Math.floor((maxPoints - 2) / 2));
  const kept = [0];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = 1 + Math.floor((bucket * (count - 2)) / buckets);
    const to = 1 + Math.floor(((bucket + 1) * (count - 2)) / buckets);
    let low = from;
    let high = from;
    for (let i = from; i < to; i++) {
      low = ys[i]! < ys[low]! ? i : low;
      high = ys[i]! > ys[high]! ? i : high;
    }
    kept.push(Math.min(low, high));
    if (low !== high) {
      kept.push(Math.max(low, high));
    }
  }
  kept.push(count - 1);
  return [kept.map(i => xs[i]!), kept.map(i => ys[i]!)];
}

/** Exponential moving average, unbiased at the start; weight = share of the past, 0 to below 1. */
export function smooth(ys: readonly number[], weight: number): number[] {
  let sum = 0;
  let total = 0;
  return ys.map(y => {
    sum = sum * weight + y * (1 - weight);
    total = total * weight + (1 - weight);
    return sum / total;
  });
}

/** Index of the first value that is not smaller; the length when there is none. */
export function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
