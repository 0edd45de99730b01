// Draws syncs over time as stacked bars, by outcome, and keeps them fresh.
(() => {
  const box = document.querySelector(".plot");
  if (!box) return;
  const everySeconds = 15;
  const rtl = document.documentElement.dir === "rtl";
  const words = JSON.parse(box.dataset.words);
  const locale = box.dataset.lang === "fa" ? "fa-IR-u-ca-persian-nu-arabext" : "en-GB";
  const format = (options) => new Intl.DateTimeFormat(locale, { timeZone: "Asia/Tehran", ...options });
  const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = format({ month: "short", day: "numeric" });
  const both = format({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const number = new Intl.NumberFormat(locale);
  const told = document.querySelector(".at");
  let plot, shown;

  const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const tones = { SUCCESS: "--good", SKIPPED: "--idle", CONFLICT: "--warn", IN_DOUBT: "--doubt", FAILED: "--bad" };
  const font = "12px Vazirmatn, system-ui, sans-serif";

  // Each bar reaches up to the sum of what lies below it; the highest is drawn first, the lower ones over it.
  const stacked = (found) => {
    const sums = new Array(found.times.length).fill(0);
    const layers = Object.keys(tones).map((status) =>
      found.series[status].map((count, at) => (sums[at] += count)));
    return [found.times, ...layers.reverse()];
  };

  const series = () => Object.keys(tones).reverse().map((status) => ({
    label: words[status],
    fill: tone(tones[status]),
    width: 0,
    points: { show: false },
    paths: uPlot.paths.bars({ size: [0.8, 40], gap: 1 }),
  }));

  const tell = ({ cursor: { idx: at } }) => {
    const counted = at == null ? [] : Object.keys(tones).filter((status) => shown.series[status][at]);
    const parts = counted.map((status) => `${words[status]} ${number.format(shown.series[status][at])}`);
    told.textContent = at == null ? "" : [both.format(shown.times[at] * 1000), ...parts].join(" · ");
  };

  const options = () => {
    const axis = { stroke: tone("--soft"), font, grid: { stroke: tone("--line"), width: 1 }, ticks: { show: false } };
    const short = shown.spanSeconds < 7200;
    return {
      width: box.clientWidth,
      height: 180,
      padding: [10, 12, 0, 12],
      legend: { show: false },
      hooks: { setCursor: [tell] },
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { range: (_, low, high) => [low - shown.spanSeconds / 2, high + shown.spanSeconds / 2] },
        y: { range: (_, __, high) => [0, Math.max(4, high * 1.1)] } },
      series: [{}, ...series()],
      axes: [
        { ...axis, grid: { show: false }, size: 30, values: (_, at) => at.map((one) => (short ? clock : day).format(one * 1000)) },
        { ...axis, side: rtl ? 1 : 3, size: 46, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5],
          values: (_, at) => at.map((one) => number.format(one)) },
      ],
    };
  };

  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(), stacked(shown), box);
  };

  const refresh = async () => {
    if (document.hidden && plot) return;
    try {
      const answer = await fetch(box.dataset.source, { headers: { accept: "application/json", "x-polling": "true" } });
      if (!answer.ok) return;
      shown = await answer.json();
    } catch {
      return; // the page says by itself that the service does not answer
    }
    plot ? plot.setData(stacked(shown)) : draw();
  };

  document.fonts.load(font).then(refresh);
  setInterval(refresh, everySeconds * 1000);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && draw());
  new ResizeObserver(() => plot?.setSize({ width: box.clientWidth, height: 180 })).observe(box);
})();
