export interface Sequenced {
  seq: number;
}

/**
 * Turns events that may come twice, late or out of order into each event once, in order.
 * An event beyond a gap waits until the gap is filled.
 */
export class Sequencer<T extends Sequenced> {
  private readonly waiting = new Map<number, T>();

  /** @param last Sequence number of the newest event that is already known; 0 = none. */
  constructor(
    private last: number,
    private readonly waitingLimit = 1000,
  ) {}

  get lastSeq(): number {
    return this.last;
  }

  /** True while an event is missing before one that has come. */
  get hasGap(): boolean {
    return this.waiting.size > 0;
  }

  /** Takes an event and returns those that can now be used, in order. */
  accept(event: T): T[] {
    if (event.seq > this.last) {
      this.waiting.set(event.seq, event);
    }
    const ready: T[] = [];
    for (let next = this.waiting.get(this.last + 1); next; next = this.waiting.get(this.last + 1)) {
      this.waiting.delete(next.seq);
      this.last = next.seq;
      ready.push(next);
    }
    if (this.waiting.size > this.waitingLimit) {
      // Whoever fills the gap reads everything after lastSeq again, these included.
      this.waiting.clear();
      this.waiting.set(event.seq, event);
    }
    return ready;
  }
}
