import Foundation
import Testing

@testable import Fanout

/// The built `fanout top` on a real terminal device.
@Suite struct TerminalTests {
    private func top(
        _ double: AdminDouble,
        width: Int = 80,
        height: Int = 24,
        interval: String = "20ms",
        environment: [String: String] = ["LANG": "C.UTF-8"]
    ) throws -> PseudoTerminal {
        try PseudoTerminal(
            ["top", "--interval", interval, "--admin-address", double.address],
            width: width,
            height: height,
            environment: environment,
            beside: double
        )
    }

    /// Ends as it should: nothing left of it on the terminal.
    private func expectRestored(_ terminal: PseudoTerminal, _ before: PseudoTerminal.Mode) throws {
        #expect(terminal.mode == before)
        // What it wrote last may still be under way.
        try terminal.expect("the first screen, with a cursor") { !$0.isSecond && !$0.isCursorHidden }
        #expect(terminal.screen.faults.isEmpty)
    }

    /// The mode of a terminal that nobody has touched.
    private func untouched() throws -> PseudoTerminal.Mode {
        let terminal = try PseudoTerminal(["--version"], width: 80, height: 24)
        #expect(try terminal.exit() == 0)
        return terminal.mode
    }

    @Test func startsShowsFiguresAndQuits() throws {
        let double = try AdminDouble()
        let before = try untouched()
        let terminal = try top(double)
        try terminal.expect("127.0.0.1:6379")
        #expect(terminal.isRaw)
        #expect(terminal.screen.isSecond)
        #expect(terminal.screen.isCursorHidden)
        #expect(terminal.screen.lines[0].hasPrefix(" fanout 0.1.0"))
        #expect(terminal.screen.lines[23].hasPrefix(" q quit"))
        double.show(Sample(clients: 5))
        try terminal.expect("connections 5 of 9,900")
        terminal.type("q")
        #expect(try terminal.exit() == 0)
        try expectRestored(terminal, before)
    }

    @Test func keysMove() throws {
        let double = try AdminDouble()
        let terminal = try top(double)
        try terminal.expect("redis")
        terminal.type("\t")
        try terminal.expect("Returns in 4.2")
        terminal.type("\u{1b}[B")
        try terminal.expect("alloc 2873cf75")
        terminal.type("s")
        try terminal.expect("ENDPOINT↓")
        terminal.type("?")
        try terminal.expect("any key goes back")
        terminal.type("x3")
        try terminal.expect("127.0.0.1:48592")
        terminal.type("p")
        try terminal.expect("PAUSED")
        terminal.type("q")
        #expect(try terminal.exit() == 0)
    }

    @Test(arguments: [(120, 40), (60, 15), (200, 10)])
    func aNewSizeIsTakenUp(width: Int, height: Int) throws {
        // The signal alone wakes it: the next reading is far away.
        let terminal = try top(try AdminDouble(), interval: "1h")
        try terminal.expect("redis")
        terminal.resize(width: width, height: height)
        try terminal.expect("a footer on the last line") {
            $0.lines.count == height && $0.lines[height - 1].hasPrefix(" q quit") && $0.text.contains("redis")
        }
        try terminal.expect("one footer") { $0.lines.filter { $0.contains("q quit") }.count == 1 }
        terminal.type("q")
        #expect(try terminal.exit() == 0)
        #expect(terminal.screen.faults.isEmpty)
    }

    /// They cost the proxy something, and come at once when the screen is chosen.
    @Test func connectionsAreAskedForWhileTheyAreLookedAt() throws {
        let double = try AdminDouble()
        let terminal = try top(double, interval: "1h")
        try terminal.expect("redis")
        #expect(double.requests == ["/status", "/endpoints"])
        terminal.type("3")
        try terminal.expect("127.0.0.1:48592")
        #expect(double.requests.last == "/connections?limit=1000")
        terminal.type("q")
        #expect(try terminal.exit() == 0)
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGQUIT, SIGHUP])
    func signalsEndItCleanly(number: Int32) throws {
        let before = try untouched()
        let terminal = try top(try AdminDouble())
        try terminal.expect("redis")
        terminal.signal(number)
        #expect(try terminal.exit() == 0)
        try expectRestored(terminal, before)
    }

    /// The terminal makes a signal of it.
    @Test func controlCQuits() throws {
        let before = try untouched()
        let terminal = try top(try AdminDouble())
        try terminal.expect("redis")
        terminal.type("\u{3}")
        #expect(try terminal.exit() == 0)
        try expectRestored(terminal, before)
    }

    @Test func controlZGivesTheTerminalBackForAWhile() throws {
        let before = try untouched()
        let double = try AdminDouble()
        let terminal = try top(double)
        try terminal.expect("redis")
        terminal.signal(SIGTSTP)
        try terminal.waitUntilStopped()
        try expectRestored(terminal, before)
        terminal.signal(SIGCONT)
        try terminal.expect("the second screen") { $0.isSecond && terminal.isRaw && $0.text.contains("redis") }
        terminal.type("q")
        #expect(try terminal.exit() == 0)
        try expectRestored(terminal, before)
    }

    @Test func saysThatTheProxyHasGoneAndComesBack() throws {
        let double = try AdminDouble()
        let terminal = try top(double)
        try terminal.expect("redis")
        double.stop()
        try terminal.expect("no answer from \(double.address), its figures are")
        #expect(terminal.screen.text.contains("redis"))
        double.show(Sample(clients: 8))
        try double.listen()
        try terminal.expect("connections 8 of 9,900")
        try terminal.expect("no notice") { !$0.text.contains("no answer") }
        terminal.type("q")
        #expect(try terminal.exit() == 0)
    }

    /// It may be started before the proxy, and keys work while that is silent.
    @Test func aSilentProxyDoesNotHoldTheKeys() throws {
        let before = try untouched()
        let double = try AdminDouble()
        double.set("/status", .silence)
        let terminal = try top(double)
        try terminal.expect("asking \(double.address)")
        terminal.type("?")
        try terminal.expect("any key goes back")
        terminal.type("q")
        #expect(try terminal.exit() == 0)
        try expectRestored(terminal, before)
    }

    @Test func foreignTextReachesNoTerminal() throws {
        let double = try AdminDouble()
        let terminal = try top(double)
        try terminal.expect("redis")
        double.show(
            Sample(endpoints: [.init(address: "\u{1b}[31mred\u{9b}2J:1")], events: [("info", "\u{1b}]0;title\u{7}")])
        )
        terminal.type("2")
        try terminal.expect("?[31mred?2J:1")
        terminal.type("4")
        try terminal.expect("?]0;title?")
        terminal.type("q")
        #expect(try terminal.exit() == 0)
        #expect(terminal.screen.faults.isEmpty)
    }

    @Test func aDumbTerminalGetsOnePage() throws {
        let terminal = try top(try AdminDouble(), width: 140, height: 40, environment: ["TERM": "dumb"])
        #expect(try terminal.exit() == 0)
        try terminal.expect("10.0.0.9:23000")
        #expect(terminal.screen.faults.isEmpty)
        #expect(!terminal.isRaw)
        #expect(!terminal.screen.isSecond)
    }

    @Test func withoutUTF8ItIsASCII() throws {
        let terminal = try top(try AdminDouble(), environment: [:])
        try terminal.expect("260 us")
        #expect(terminal.screen.text.utf8.allSatisfy { $0 < 0x80 })
        terminal.type("q")
        #expect(try terminal.exit() == 0)
    }
}
