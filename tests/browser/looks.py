"""Questions to a page that eyes would answer: can every control be named, can every text be read."""

CONTROLS_WITHOUT_NAMES = """() => {
  const controls = "button, a[href], input:not([type=hidden]), select, textarea, summary";
  const named = (node) => node.ariaLabel || node.textContent.trim() || node.title || node.labels?.length
    || node.querySelector?.("img[alt]:not([alt=''])");
  return [...document.querySelectorAll(controls)].filter((node) => node.offsetParent && !named(node))
    .map((node) => node.outerHTML.slice(0, 120));
}"""

# Text against the nearest opaque ground, by WCAG 2.2: 4.5 to 1, or 3 to 1 for large text.
POOR_CONTRAST = """() => {
  const UNSEEN = "svg, template, script, noscript, [aria-hidden=true], .visually-hidden, .skip";
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((value, i) => (value * a + under[i] * (255 - a)) / 255);
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3]) layers.push(colour);
      if (colour[3] === 255) break;
    }
    return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const light = (rgb) => {
    const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const words = texts.currentNode.textContent.trim();
    if (!words || !node.checkVisibility({ opacityProperty: true }) || node.closest(UNSEEN)) continue;
    const style = getComputedStyle(node);
    const under = ground(node);
    const [a, b] = [light(over(rgba(style.color), under)), light(under)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) poor.push(`${ratio.toFixed(2)} ${node.className} ${words.slice(0, 40)}`);
  }
  return [...new Set(poor)];
}"""
