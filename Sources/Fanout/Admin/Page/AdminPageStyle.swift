extension AdminPage {
    /// Two colour schemes by variables; below 720 px the tables become lists of labelled values.
    static let style = #"""
        :root {
          --ground: #f4f6f8; --surface: #fff; --line: #dfe4ea; --text: #17212e; --muted: #5a6777; --accent: #0b62d6;
          --good: #13703f; --new: #0b62d6; --warn: #8a5200; --bad: #b3211a; --quiet: #6a4bb3;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #10151c; --surface: #18202a; --line: #2a3542; --text: #e4eaf1; --muted: #93a1b2;
            --accent: #6cabff;
            --good: #5fd08e; --new: #6cabff; --warn: #f0b455; --bad: #ff8a80; --quiet: #b9a1f5;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 0 20px 48px; max-width: 1440px; background: var(--ground); color: var(--text);
          font: 14px/1.45 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
          font-variant-numeric: tabular-nums;
        }
        header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 14px; padding: 20px 0 14px; }
        h1 { margin: 0; font-size: 22px; letter-spacing: -.02em; }
        h2 { display: flex; align-items: baseline; gap: 10px; margin: 0; padding: 14px 16px 8px; font-size: 15px; }
        small { color: var(--muted); font-size: 13px; font-weight: 400; letter-spacing: 0; }
        dl { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0 0 0 auto; }
        dl div { display: flex; gap: 6px; }
        dt { color: var(--muted); }
        dd { margin: 0; font-weight: 600; }
        section { margin-bottom: 16px; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
        #notice {
          margin: 0 0 16px; padding: 10px 16px; border: 1px solid var(--bad); border-radius: 10px; color: var(--bad);
          background: color-mix(in srgb, var(--bad) 9%, var(--surface)); font-weight: 600;
        }
        #notice.soft {
          border-color: var(--warn); color: var(--warn); background: color-mix(in srgb, var(--warn) 9%, var(--surface));
        }
        .stale main { opacity: .5; }

        #tiles { display: grid; grid-template-columns: repeat(6, 1fr); overflow: hidden; }
        .tile { padding: 12px 16px 0; min-width: 0; border-left: 1px solid var(--line); }
        .tile:first-child { border-left: 0; }
        .tile h3 { margin: 0; color: var(--muted); font-size: 12px; font-weight: 500; }
        .tile p { margin: 0; font-size: 22px; font-weight: 600; letter-spacing: -.02em; white-space: nowrap; }
        .tile small { display: block; min-height: 18px; font-size: 12px; }
        .tile svg { display: block; width: calc(100% + 32px); margin: 4px -16px 0; height: 38px; }
        svg .area { fill: var(--accent); opacity: .14; }
        svg .curve { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }

        table { width: 100%; border-collapse: collapse; }
        th, td { padding: 7px 10px; text-align: right; vertical-align: top; white-space: nowrap; }
        th:first-child, td:first-child { padding-left: 16px; }
        th:last-child, td:last-child { padding-right: 16px; }
        th { color: var(--muted); font-size: 12px; font-weight: 500; }
        th button { all: unset; cursor: pointer; }
        th button:hover { color: var(--text); }
        th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
        th[aria-sort] button { color: var(--text); font-weight: 600; }
        th[aria-sort=ascending] button::after { content: " ↑"; }
        th[aria-sort=descending] button::after { content: " ↓"; }
        tbody tr { border-top: 1px solid var(--line); }
        tbody tr:hover { background: color-mix(in srgb, var(--accent) 5%, transparent); }
        .words { text-align: left; white-space: normal; overflow-wrap: anywhere; }
        .names { text-align: left; }
        .note { display: block; color: var(--muted); font-size: 12px; }
        td svg { display: block; width: 96px; height: 22px; margin-left: auto; }
        .more td { color: var(--muted); text-align: left; }

        .badge { display: inline-flex; align-items: center; gap: 6px; font-weight: 600; color: var(--muted); }
        .badge::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: currentColor; }
        .badge:empty { display: none; }
        .ready { color: var(--good); } .new { color: var(--new); } .suspect, .starting { color: var(--warn); }
        .ejected, .lost { color: var(--bad); } .draining { color: var(--quiet); }

        #events { margin: 0; padding: 0 16px 12px; list-style: none; max-height: 320px; overflow: auto; }
        #events li { display: grid; grid-template-columns: 84px 72px 1fr; gap: 10px; padding: 3px 0; }
        #events time, #events .level { color: var(--muted); }
        #events .warning { color: var(--warn); } #events .error, #events .critical { color: var(--bad); }
        #events .text { overflow-wrap: anywhere; }
        input {
          margin-left: auto; padding: 4px 10px; width: 180px; font: inherit; font-weight: 400; color: inherit;
          background: var(--ground); border: 1px solid var(--line); border-radius: 6px;
        }
        input:focus-visible { outline: 2px solid var(--accent); outline-offset: -1px; }
        .plain { padding: 0 16px; }

        @media (max-width: 1100px) { .wide { display: none; } }
        @media (max-width: 960px) {
          #tiles { grid-template-columns: repeat(3, 1fr); }
          .tile:nth-child(4) { border-left: 0; }
          .tile:nth-child(n+4) { border-top: 1px solid var(--line); }
        }
        @media (max-width: 720px) {
          body { padding: 0 10px 32px; }
          header { padding: 14px 4px 12px; }
          dl { margin: 0; width: 100%; }
          #tiles { grid-template-columns: repeat(2, 1fr); }
          .tile { padding: 10px 12px 0; }
          .tile:nth-child(n) { border-left: 0; border-top: 1px solid var(--line); }
          .tile:nth-child(2n) { border-left: 1px solid var(--line); }
          .tile:nth-child(-n+2) { border-top: 0; }
          .tile svg { width: calc(100% + 24px); margin: 2px -12px 0; height: 28px; }
          h2 { padding: 12px 12px 6px; }
          h2 input { width: 110px; }
          thead { display: none; }
          table, tbody { display: block; }
          tbody tr {
            display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 6px 12px; padding: 10px 12px;
          }
          td, td:first-child, td:last-child { display: block; padding: 0; text-align: left; white-space: normal; }
          td::before { content: attr(data-label); display: block; color: var(--muted); font-size: 12px; }
          td.head { grid-column: 1 / -1; font-weight: 600; overflow-wrap: anywhere; }
          td.head::before { content: none; }
          td.head .note { font-weight: 400; }
          td.states { grid-column: 1 / -1; }
          td.note-cell { grid-column: span 2; }
          td.note-cell:empty, td.wide { display: none; }
          .more td { grid-column: 1 / -1; }
          #events { padding: 0 12px 10px; }
          #events li { grid-template-columns: auto 1fr; gap: 0 10px; padding: 5px 0; }
          #events .text { grid-column: 1 / -1; }
        }
        """#
}
