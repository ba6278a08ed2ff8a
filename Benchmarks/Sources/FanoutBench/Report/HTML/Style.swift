/// The style of the page, for light and dark alike.
let pageStyle = """
    :root { color-scheme: light dark; --paper: #fff; --ink: #1d2126; --quiet: #667; --rule: #dcdfe4; --tint: #fff3ee }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #15181c; --ink: #e4e6e9; --quiet: #98a0aa; --rule: #343a42; --tint: #33221b }
    }
    body { margin: 0 auto; padding: 24px; max-width: 1320px; background: var(--paper); color: var(--ink);
           font: 15px/1.5 system-ui, sans-serif }
    h1 { font-size: 26px; margin: 0 0 4px } h2 { font-size: 20px; margin: 40px 0 8px; border-bottom: 1px solid var(--rule) }
    h3 { font-size: 16px; margin: 26px 0 2px } p { margin: 4px 0 10px } .quiet { color: var(--quiet) }
    .scroll { overflow-x: auto; max-width: 100% }
    table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; white-space: nowrap }
    th, td { padding: 3px 10px 3px 0; text-align: left; border-bottom: 1px solid var(--rule) }
    th { color: var(--quiet); font-weight: 600 } tr.own td { background: var(--tint); font-weight: 600 }
    svg { max-width: 100%; height: auto; display: block; margin: 8px 0 } svg text { fill: var(--ink); font: 12px system-ui, sans-serif }
    svg .grid { stroke: var(--rule) } svg .axis { stroke: var(--ink); stroke-width: 1.6 }
    .swatch { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 7px }
    .legend span { margin-right: 16px; white-space: nowrap } .warning { color: #b3400f; font-weight: 600 }
    @media (prefers-color-scheme: dark) { .warning { color: #ff9b70 } }
    pre { background: var(--tint); padding: 10px; overflow-x: auto; font-size: 12px } summary { cursor: pointer }
    """
