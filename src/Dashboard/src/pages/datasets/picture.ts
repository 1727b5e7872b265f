import { h } from "../../ui/dom";

interface Shape {
  height: number;
  width: number;
  channels: number;
}

/** A row as the picture that it is: grey for one channel, colours for three, the mean of the channels otherwise. */
export function drawPicture(features: readonly number[], { height, width, channels }: Shape, label: string): HTMLCanvasElement {
  const canvas = h("canvas", { class: "picture", width, height, attrs: { role: "img", "aria-label": label } });
  const [low, high] = rangeOf(features);
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const values = features.slice(pixel * channels, (pixel + 1) * channels);
    const mean = values.reduce((sum, value) => sum + value, 0) / channels;
    for (let channel = 0; channel < 3; channel++) {
      const value = channels === 3 ? values[channel]! : mean;
      image.data[pixel * 4 + channel] = ((value - low) / (high - low)) * 255;
    }
    image.data[pixel * 4 + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas;
}

/** Bytes as they are; other numbers stretched over what the picture has. */
function rangeOf(features: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  let whole = true;
  for (const value of features) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    whole &&= Number.isInteger(value);
  }
  return whole && low >= 0 && high <= 255 && high > 1 ? [0, 255] : [low, high > low ? high : low + 1];
}
