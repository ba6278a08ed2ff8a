/// The comparison as one page that needs nothing else.
enum Page {
    static func html(_ settings: FleetSettings, _ outcomes: [FleetOutcome], _ claims: [Claim]) -> String {
        let legend = outcomes.enumerated().map { number, outcome in
            "<label><input type=\"checkbox\" checked data-run=\"\(number)\"><svg viewBox=\"0 0 40 10\"><line class=\"line "
                + "\(Chart.style(outcome.variant))\" x1=\"0\" x2=\"40\" y1=\"5\" y2=\"5\"/></svg>\(outcome.variant.name)"
                + "</label>"
        }
        let charts = Chart.all.map { "<section><h2>\($0.title)</h2>\n\($0.svg(outcomes))</section>" }
        let checks = claims.map {
            "<li class=\"\($0.holds ? "holds" : "broken")\"><b>\($0.name)</b>: \($0.text)</li>"
        }
        return """
            <!doctype html>
            <html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">
            <title>Fanout: a simulated fleet</title>
            <style>\(style)</style>
            <h1>A simulated fleet</h1>
            <p>\(settings.sidecars) sidecars, \(settings.endpoints) endpoints of one service, \(decimal(settings.rate))
            connections a second of each sidecar, \(decimal(settings.hold)) s a session; seed \(settings.seed). Balancer,
            registry, health, slow start and hedge delay are the product's own sources; time, network and endpoints are
            simulated.</p>
            <ul>\(checks.joined(separator: "\n"))</ul>
            <nav>\(legend.joined(separator: "\n"))</nav>
            \(charts.joined(separator: "\n"))
            \(tables(outcomes))
            <script>
            for (const box of document.querySelectorAll("input")) box.onchange = () => {
              for (const line of document.querySelectorAll(`polyline[data-run="${box.dataset.run}"]`))
                line.style.display = box.checked ? "" : "none"
            }
            </script>
            </html>

            """
    }

    private static func tables(_ outcomes: [FleetOutcome]) -> String {
        (outcomes.first?.phases ?? []).enumerated().map { index, phase in
            let heads = TextReport.heads.map { "<th>\($0)</th>" }.joined()
            let rows = outcomes.map { outcome in
                let cells = TextReport.cells(outcome.figures(of: index)).map { "<td>\($0)</td>" }.joined()
                return "<tr><th>\(outcome.variant.name)</th>\(cells)</tr>"
            }
            return "<section><h2>\(phase.name)</h2><div><table><tr><th></th>\(heads)</tr>\(rows.joined())</table></div>"
                + "</section>"
        }.joined(separator: "\n")
    }

    private static let style = """
        :root { --back: #fff; --text: #1d2330; --band: #f1f3f7; --grid: #d5dae3;
          --a: #1565c0; --b: #c2410c; --c: #15803d; --d: #9333ea; --bad: #b91c1c }
        @media (prefers-color-scheme: dark) { :root { --back: #14171d; --text: #e4e8f0; --band: #1c2129; --grid: #353c49;
          --a: #64b5f6; --b: #fb923c; --c: #4ade80; --d: #c084fc; --bad: #f87171 } }
        body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; max-width: 72rem;
          margin: 2rem auto; padding: 0 1rem }
        h2 { font-size: 1rem; margin: 1.5rem 0 .25rem } section svg { width: 100% } svg text { fill: var(--text);
          font-size: 12px } svg .tick { text-anchor: end } .band { fill: var(--band) } .band.odd { fill: none }
        .grid { stroke: var(--grid) } .line { fill: none; stroke-width: 1.6 } .least-connections { stroke: var(--a) }
        .two-choices { stroke: var(--b) } .round-robin { stroke: var(--c) } .random { stroke: var(--d) }
        .health { stroke-dasharray: 10 3 } .slowstart { stroke-dasharray: 6 2 1 2 } .neither { stroke-dasharray: 2 3 }
        nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; position: sticky; top: 0; background: var(--back) }
        nav svg { width: 40px; height: 10px; margin-right: .4em } .broken { color: var(--bad) }
        div { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
        td, th { text-align: right; padding: .1rem .6rem; border-bottom: 1px solid var(--grid); white-space: nowrap }
        th:first-child { text-align: left }
        """
}
