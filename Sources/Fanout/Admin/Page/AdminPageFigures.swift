extension AdminPage {
    /// Numbers as people read them, rates out of counters, and their curves.
    static let figures = #"""
        "use strict";
        const SAMPLES = 120; // two minutes

        const known = (value) => typeof value === "number" && Number.isFinite(value);
        const sum = (counts) => Object.values(counts ?? {}).filter(known).reduce((all, each) => all + each, 0);

        /// Three significant digits and a unit; steps of `base`.
        function scaled(value, units, base) {
          if (!known(value)) return "–";
          let step = 0;
          while (value >= base * 0.9995 && step < units.length - 1) { value /= base; step += 1; }
          const digits = step === 0 && Number.isInteger(value) ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
          return value.toFixed(value === 0 ? 0 : digits) + units[step];
        }
        const count = (value) => known(value) && value < 100000
          ? Math.round(value).toLocaleString("en") : scaled(value, ["", " k", " M", " G"], 1000);
        const plain = (value) => scaled(value, [""], 1000);
        const perSecond = (value) =>
          known(value) ? `${value >= 100 ? count(value) : plain(value)}/s` : "–";
        const bytes = (value) => scaled(value, [" B", " KiB", " MiB", " GiB", " TiB"], 1024);
        const byteRate = (value) => known(value) ? `${bytes(Math.round(value))}/s` : "–";
        const latency = (value) => !known(value) ? "–"
          : value < 1 ? scaled(Math.round(value * 1e6), [" µs", " ms"], 1000) : `${value.toFixed(2)} s`;

        /// The two greatest units of a length of time.
        function age(value) {
          if (!known(value)) return "–";
          if (value < 10) return `${value.toFixed(1)} s`;
          const whole = Math.floor(value);
          const [days, hours] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24];
          const minutes = Math.floor(whole / 60) % 60;
          if (days) return `${days} d ${hours} h`;
          if (hours) return `${hours} h ${minutes} min`;
          return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
        }

        /// What counters did between two readings, and the samples behind a curve; counters that fell began anew.
        class History {
          rows = new Map();

          /// The rate a second; null at the first reading.
          rate(key, total, now) {
            const row = this.row(key);
            const elapsed = (now - row.time) / 1000;
            const rate = known(total) && total >= row.total && elapsed > 0 ? (total - row.total) / elapsed : null;
            Object.assign(row, { total, time: now });
            return this.keep(row, rate);
          }

          level(key, value) { return this.keep(this.row(key), value); }
          samples(key) { return this.rows.get(key)?.samples ?? []; }
          forget() { this.rows.clear(); }

          /// Drops what was in no reading since the last sweep.
          sweep() {
            for (const [key, row] of this.rows) { if (row.seen) row.seen = false; else this.rows.delete(key); }
          }

          row(key) {
            let row = this.rows.get(key);
            if (!row) this.rows.set(key, row = { total: Infinity, time: 0, samples: [] });
            return row;
          }

          keep(row, value) {
            row.seen = true;
            if (known(value)) row.samples.push(value);
            if (row.samples.length > SAMPLES) row.samples.shift();
            return value;
          }
        }

        function shape(name, attributes) {
          const node = document.createElementNS("http://www.w3.org/2000/svg", name);
          for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
          return node;
        }

        /// A curve over the last two minutes from 0 to the greatest sample.
        function plot() {
          const svg = shape("svg",
            { viewBox: `0 0 ${SAMPLES - 1} 20`, preserveAspectRatio: "none", "aria-hidden": true });
          const [area, curve] = [shape("path", { class: "area" }), shape("path", { class: "curve" })];
          svg.append(area, curve);
          svg.draw = (samples) => {
            const top = Math.max(...samples, 0) || 1;
            const first = SAMPLES - samples.length;
            const points = samples.map((value, index) => `${first + index},${(19 - 17 * value / top).toFixed(2)}`);
            curve.setAttribute("d", points.length > 1 ? `M${points.join("L")}` : "");
            area.setAttribute("d", points.length > 1 ? `M${first},20L${points.join("L")}V20Z` : "");
          };
          return svg;
        }
        """#
}
