import { describe, expect, it } from "vitest";
import { SpyZoom } from "./spyZoom";

describe("SpyZoom", () => {
  it("shows the whole layer at first", () =>
    expect(new SpyZoom(784, 1000).window).toEqual({ firstInput: 0, inputs: 784, firstOutput: 0, outputs: 1000 }));

  it("keeps the place under the pointer", () => {
    const zoom = new SpyZoom(1000, 1000);
    zoom.zoom(0.5, 0.2, 0.8);
    expect(zoom.window).toEqual({ firstInput: 100, inputs: 500, firstOutput: 400, outputs: 500 });
    zoom.zoom(2, 0.2, 0.8);
    expect(zoom.isWhole).toBe(true);
  });

  it.each([
    [-5, -5],
    [5, 5],
    [0.3, -0.9],
  ])("stays inside when moved by %f, %f", (x, y) => {
    const zoom = new SpyZoom(300, 77);
    zoom.zoom(0.3);
    zoom.move(x, y);
    const { firstInput, inputs, firstOutput, outputs } = zoom.window;
    expect(firstInput).toBeGreaterThanOrEqual(0);
    expect(firstOutput).toBeGreaterThanOrEqual(0);
    expect(firstInput + inputs).toBeLessThanOrEqual(300);
    expect(firstOutput + outputs).toBeLessThanOrEqual(77);
  });

  it("never shows less than a few neurons, nor more than there are", () => {
    const zoom = new SpyZoom(500, 2);
    zoom.zoom(1e-9);
    expect(zoom.window).toMatchObject({ inputs: 8, outputs: 2 });
    zoom.zoom(1e9);
    expect(zoom.window).toEqual({ firstInput: 0, inputs: 500, firstOutput: 0, outputs: 2 });
    zoom.reset();
    expect(zoom.isWhole).toBe(true);
  });
});
