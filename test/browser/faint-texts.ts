/** Runs in the page, so it stands alone: texts whose contrast to what is behind them is below 4.5, as the guidelines for accessibility want it. */
export function faintTexts(): string[] {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!context) return ["no canvas"];
  const luminance = (colors: readonly string[]): number => {
    for (const color of colors) {
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
    }
    const [red = 0, green = 0, blue = 0] = [...context.getImageData(0, 0, 1, 1).data]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backgrounds = (element: Element | null): string[] =>
    element ? [...backgrounds(element.parentElement), getComputedStyle(element).backgroundColor] : ["Canvas"];
  const texts = [...document.body.querySelectorAll("*")].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim()),
  );
  return texts.flatMap((element) => {
    if (!element.checkVisibility() || element.closest("noscript")) return [];
    const behind = backgrounds(element);
    const [a, b] = [luminance(behind), luminance([...behind, getComputedStyle(element).color])];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast >= 4.5 ? [] : [`${element.textContent?.trim()}: ${contrast.toFixed(2)}`];
  });
}
