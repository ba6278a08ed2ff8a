import Foundation
import Testing

@testable import Fanout

@Suite struct AdminPageTextTests {
    /// One file: nothing to load, and nothing that could make markup of the text of others.
    @Test func isSelfContained() {
        let page = AdminPage.html
        #expect(page.hasPrefix("<!doctype html>"))
        for forbidden in [
            "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "<script src",
            "@import",
            "url(", "cdn", "onclick=", "https://",
        ] {
            #expect(!page.contains(forbidden), "\(forbidden)")
        }
        // The one address is a name, not a place: the namespace of SVG.
        let addresses = page.components(separatedBy: "http://").dropFirst()
        #expect(addresses.count == 1)
        #expect(addresses.first?.hasPrefix("www.w3.org/2000/svg") == true)
        #expect(page.contains("default-src 'none'"))
        #expect(page.utf8.count < 64 * 1024)
    }
}

/// The page in a real browser, with an admin endpoint that a test steers.
@Suite(.enabled(if: Browser.path != nil, Browser.missing), .serialized)
struct AdminPageTests {
    private func open(_ double: AdminDouble, _ test: (Browser) throws -> Void) throws {
        double.set("/", .answer(status: 200, AdminPage.html))
        let browser = try Browser()
        defer { browser.stop() }
        try browser.resize(width: 1280, height: 900)
        try browser.open("http://\(double.address)/")
        try test(browser)
        #expect(browser.log.isEmpty)
        let strangers = browser.requests.filter {
            !$0.hasPrefix("http://\(double.address)/") && !$0.hasPrefix("data:,")
        }
        #expect(strangers.isEmpty)
        #expect(browser.requests.count > 3)
    }

    @Test func showsEverythingAndKeepsUp() throws {
        let double = try AdminDouble()
        try open(double) { browser in
            try browser.expect("10.0.0.9:23000", in: "#endpoints tbody")
            #expect(try browser.text("#state") == "ready")
            #expect(try browser.text("#version") == "0.1.0 · abc1234")
            #expect(try browser.text("#facts").contains("3 h 25 min"))
            #expect(try browser.text("#services tbody tr").contains("127.0.0.1:6379 · namespace default"))
            #expect(try browser.text("#services tbody tr").contains("1.30 ms"))
            #expect(
                try browser.text("#endpoints tbody tr:first-child").contains(
                    "3 refused connects in a row · returns in 4.2 s"
                )
            )
            let latency =
                "Array.from(document.querySelectorAll('#endpoints tbody tr')).map((row) => "
                + "['Connect', 'First byte'].map((each) => row.querySelector(`[data-label='${each}']`).textContent)"
                + ".join(' ')).join(', ')"
            #expect(try browser.evaluate(latency) as? String == "– –, 260 µs 1.30 ms, – –")
            #expect(try browser.text("#endpoint-count") == "2 of 3 usable")
            #expect(try browser.text("#connections tbody").contains("127.0.0.1:48592"))
            #expect(try browser.text("#connection-count") == "3 of 250")
            #expect(try browser.text("#events").contains("endpoint ejected service=redis"))
            #expect(try browser.evaluate("document.getElementById('notice').hidden") as? Bool == true)
            double.show(
                Sample(
                    uptime: 12_346.5,
                    ticks: 1000,
                    endpoints: [.init(address: "10.0.0.10:1", state: "new")],
                    clients: 4
                )
            )
            try browser.expect("10.0.0.10:1", in: "#endpoints tbody")
            #expect(try !browser.text("#endpoints tbody").contains("10.0.0.9:23000"))
            #expect(try browser.text("#connections tbody").contains("127.0.0.1:48595"))
            // Counters have grown: there is a rate, and a curve of it.
            try browser.expect("a rate") { try browser.text("#tiles .tile:nth-child(3)").contains("iB/s") }
            try browser.expect("a curve") {
                let curve = "document.querySelector('#tiles .tile:nth-child(3) .curve').getAttribute('d')"
                return (try browser.evaluate(curve) as? String)?.hasPrefix("M") == true
            }
        }
    }

    @Test func saysThatFanoutHasGoneAndComesBack() throws {
        let double = try AdminDouble()
        try open(double) { browser in
            try browser.expect("10.0.0.7:23000", in: "#endpoints tbody")
            double.stop()
            try browser.expect("Fanout does not answer since", in: "#notice")
            #expect(try browser.text("#state") == "no answer")
            #expect(try browser.text("#endpoints tbody").contains("10.0.0.7:23000"))
            double.show(Sample(state: "draining", reasons: ["SIGQUIT"]))
            try double.listen()
            try browser.expect("draining · SIGQUIT", in: "#notice")
            double.show(Sample())
            try browser.expect("no notice") {
                try browser.evaluate("document.getElementById('notice').hidden") as? Bool == true
            }
            #expect(try browser.evaluate("document.body.classList.contains('stale')") as? Bool == false)
        }
    }

    /// An endpoint that is silent, or speaks something else, is as good as none.
    @Test(arguments: [
        AdminDouble.Answer.silence, .answer(status: 500, "{}"), .answer(status: 200, "<p>"), .answer(status: 200, "{}"),
    ])
    func badAnswersAreNone(answer: AdminDouble.Answer) throws {
        let double = try AdminDouble()
        try open(double) { browser in
            try browser.expect("10.0.0.7:23000", in: "#endpoints tbody")
            double.set("/endpoints", answer)
            try browser.expect("Fanout does not answer", in: "#notice")
        }
    }

    @Test func textOfOthersStaysText() throws {
        let evil = #"<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>"#
        let double = try AdminDouble()
        double.show(
            Sample(
                endpoints: [.init(address: evil, state: "ready", reason: evil, zone: evil, alloc: evil)],
                events: [(evil, evil)]
            )
        )
        try open(double) { browser in
            try browser.expect("<img src=x", in: "#endpoints tbody")
            try browser.expect("<script>", in: "#events")
            #expect(try browser.evaluate("document.querySelectorAll('main img, main script').length") as? Int == 0)
            #expect(try browser.evaluate("document.title") as? String != "broken")
        }
    }

    @Test func filtersAndSorts() throws {
        let double = try AdminDouble()
        try open(double) { browser in
            try browser.expect("10.0.0.7:23000", in: "#endpoints tbody")
            let first = "#endpoints tbody tr:first-child td:first-child"
            #expect(try browser.text(first).contains("10.0.0.9"))
            let press =
                "Array.from(document.querySelectorAll('#endpoints th button')).find((b) => b.textContent === 'Connections').click()"
            _ = try browser.evaluate(press)
            try browser.expect("10.0.0.8", in: first)
            #expect(try browser.text("#endpoints th[aria-sort=descending]") == "Connections")
            _ = try browser.evaluate(press)
            _ = try browser.evaluate(press)
            try browser.expect("10.0.0.9", in: first)
            _ = try browser.evaluate(
                "document.getElementById('filter').value = '0.0.8'; document.getElementById('filter').dispatchEvent(new Event('input'))"
            )
            try browser.expect("one row") {
                try browser.evaluate("document.querySelectorAll('#endpoints tbody tr').length") as? Int == 1
            }
            try browser.expect("none that matches the filter", in: "#connections tbody")
        }
    }

    /// They cost the proxy something: far below the window they are asked for once.
    @Test func connectionsAreAskedForWhileTheyAreSeen() throws {
        let double = try AdminDouble()
        double.show(Sample(endpoints: (0..<100).map { .init(address: "10.1.0.\($0):23000") }))
        try open(double) { browser in
            func asked(_ path: String) -> Int { double.requests.filter { $0.hasPrefix(path) }.count }
            try browser.expect("three readings") { asked("/status") >= 4 }
            #expect(asked("/connections") == 1)
            _ = try browser.evaluate("document.getElementById('connections').scrollIntoView()")
            try browser.expect("another reading of connections") { asked("/connections") >= 2 }
        }
    }

    /// A thousand rows are cut and counted, and nothing is wider than the window.
    @Test(arguments: [1280, 400])
    func manyRowsAndNarrowWindows(width: Int) throws {
        let double = try AdminDouble()
        double.show(Sample(endpoints: (0..<1000).map { .init(address: "10.1.\($0 / 250).\($0 % 250):23000") }))
        try open(double) { browser in
            try browser.resize(width: width, height: 900)
            try browser.expect("and 750 more; the filter finds them", in: "#endpoints tbody")
            #expect(try browser.evaluate("document.querySelectorAll('#endpoints tbody tr').length") as? Int == 251)
            double.show(Sample())
            try browser.expect("10.0.0.9:23000", in: "#endpoints tbody")
            for scheme in ["light", "dark"] {
                try browser.use(scheme: scheme)
                #expect(try browser.evaluate("document.documentElement.scrollWidth") as? Int == width)
                if let folder = ProcessInfo.processInfo.environment["FANOUT_TEST_SCREENSHOTS"] {
                    try browser.screenshot(to: "\(folder)/page-\(width)-\(scheme).png")
                }
            }
        }
    }
}
