import Testing

@testable import Fanout

@Suite struct TopViewTests {
    @Test func servicesAt80By24() throws {
        let lines = try TopState(Sample()).lines()
        #expect(lines.count == 24)
        #expect(
            lines[0...5] == [
                " fanout 0.1.0   ready   up 3 h 25 min   io_uring   workers 2   busy 0   pid 4711",
                " connections 3 of 9,900   new 30.0/s   sent 3 KiB/s   received 6 KiB/s",
                "",
                "  1 Services   2 Endpoints   3 Connections   4 Events",
                " SERVICE       READY   CONNS  WAIT  NEW/S   SENT/S   RECV/S CONN P99 BYTE P99",
                " redis           2/3       3     0   30.0    3 KiB    6 KiB   260 µs  1.30 ms",
            ]
        )
        #expect(lines[17] == String(repeating: "─", count: 80))
        #expect(lines[18].hasPrefix(" 127.0.0.1:6379 · namespace default · discovery answered 1.0 s ago · 1 ejected"))
        #expect(lines[23] == " q quit   tab screens   ↑↓ rows   s sort   p pause   ? help")
    }

    @Test func endpointsWithTheWorstFirstAndWhyBelow() throws {
        var state = try TopState(Sample())
        state.type("2")
        let lines = state.lines()
        #expect(
            lines[4...7] == [
                " ENDPOINT          STATE    CONNS NEW/S CONNECT    BYTE   SENT/S   RECV/S FAILS",
                " 10.0.0.9:23000    ejected      0  15.0       -       - 1.50 KiB    3 KiB     3",
                " 10.0.0.7:23000    ready        2  15.0  260 µs 1.30 ms 1.50 KiB    3 KiB     0",
                " 10.0.0.8:23000    ready        4  15.0       -       - 1.50 KiB    3 KiB     0",
            ]
        )
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines[18] == " redis · dc1")
        #expect(lines[19].hasPrefix(" Gets no new connections for now: 3 refused connects in a row. Returns in 4.2"))
        state.type("j")
        #expect(state.lines()[18] == " redis · alloc 2873cf75, dc1")
        #expect(state.lines(180)[5].contains("3 refused connects in a row; returns in 4.2 s"))
    }

    /// With several services it matters whose an endpoint is; what has no room then goes, the latency stays.
    @Test func endpointsOfSeveralServicesNameTheirs() throws {
        var state = try TopState(Sample(services: ["redis", "postgres"]))
        state.type("2")
        #expect(
            state.lines()[4...5] == [
                " ENDPOINT          SERVICE   STATE    CONNS NEW/S CONNECT    BYTE FAILS",
                " 10.0.0.9:23000    redis     ejected      0  15.0       -       -     3",
            ]
        )
        #expect(state.lines(120)[4].contains("SENT/S   RECV/S"))
    }

    /// The slowest come first, those of which nothing is known last.
    @Test func endpointsOrderByLatency() throws {
        var sample = Sample()
        sample.endpoints[1].times = (0.9, 0.0001)
        var state = try TopState(sample)
        for title in ["CONNECT↓", "BYTE↓"] {
            state.type("2")
            while !state.lines()[4].contains(title) { state.type("s") }
            #expect(state.lines()[5].contains(title == "BYTE↓" ? "10.0.0.7" : "10.0.0.8"))
            #expect(state.lines()[7].contains("10.0.0.9"))
        }
    }

    @Test func connectionsAndEvents() throws {
        var state = try TopState(Sample())
        state.type("3")
        #expect(state.lines()[3].hasSuffix("3 of 250"))
        #expect(state.lines()[5].hasPrefix(" 127.0.0.1:48592"))
        #expect(state.lines()[5].contains("1.5 s"))
        state.type("4")
        #expect(state.lines()[5] == " 08:42:32 warning  endpoint ejected service=redis endpoint=10.0.0.9:23000")
    }

    @Test func rowsScrollWithTheSelection() throws {
        var sample = Sample()
        sample.endpoints = (0..<300).map { Sample.Endpoint(address: "10.0.\($0 / 250).\($0 % 250):1") }
        var state = try TopState(sample)
        state.type("2")
        #expect(state.lines()[5].contains("10.0.0.0:1"))
        state.type("G")
        #expect(state.selectedRow == 299)
        #expect(state.lines().contains { $0.contains("10.0.1.49:1") })
        state.type("kkk")
        #expect(state.selectedRow == 296)
        state.type("g")
        #expect(state.lines()[5].contains("10.0.0.0:1"))
    }

    /// Whatever the size, there is a frame of that size, and no line longer.
    @Test func everySizeIsDrawn() throws {
        var state = try TopState(Sample())
        for key in ["1", "2", "3", "4", "?"] {
            state.type(key)
            for width in [1, 2, 39, 40, 41, 60, 79, 80, 81, 120, 200, 400] {
                for height in [1, 2, 9, 10, 11, 17, 18, 24, 50, 100] {
                    let lines = state.lines(width, height)
                    #expect(lines.count == height)
                    #expect(lines.allSatisfy { $0.count <= width })
                    guard width >= 40, height >= 10 else { continue }
                    #expect(lines[0].hasPrefix(" fanout 0.1.0"))
                    #expect(lines[height - 1].contains("q quit"), "\(width)x\(height)")
                }
            }
        }
    }

    @Test func narrowTablesKeepWhatMatters() throws {
        let titles = try TopState(Sample()).lines(60)[4]
        #expect(titles.contains("SERVICE") && titles.contains("READY") && titles.contains("CONN P99"))
        #expect(!titles.contains("WAIT"))
        for screen in TopScreen.allCases {
            let placed = TopTables(try TopState(Sample())).table(of: screen).layout(TopView.leastWidth - 2, 0..<1)
            #expect(placed.allSatisfy { $0.column + $0.width <= TopView.leastWidth - 2 }, "\(screen)")
            #expect(placed.count >= 2)
        }
        let wide = try TopState(Sample()).lines(200)[4]
        for title in ["LISTEN", "WAIT", "CONN P50", "BYTE P50", "REFUSED", "RETRIES"] { #expect(wide.contains(title)) }
    }

    @Test func saysWhatIsWrong() throws {
        var state = TopState()
        #expect(state.lines()[2] == " asking 127.0.0.1:9901")
        state.receive(.failure(AdminFailure("Connection refused")))
        #expect(state.lines()[2] == " no answer from 127.0.0.1:9901: Connection refused")
        state.receive(.success(try Sample().reading()))
        #expect(state.lines()[2] == "")
        state.receive(.failure(AdminFailure("no answer in time")))
        #expect(state.lines()[2] == " no answer from 127.0.0.1:9901, its figures are 2.0 s old: no answer in time")
        #expect(state.lines()[5].contains("redis"))
        state.receive(
            .success(try Sample(state: "starting", reasons: ["discovery has not answered for redis"]).reading())
        )
        #expect(state.lines()[2] == " starting; discovery has not answered for redis")
        state.receive(.success(try Sample(discoveryFails: true).reading()))
        #expect(state.lines()[2] == " discovery fails for redis")
    }

    @Test func foreignTextCannotDraw() throws {
        var sample = Sample()
        sample.endpoints[0].address = "\u{1b}[2Jx\u{7}"
        sample.events = [("\u{1b}[1m", "two\nlines\u{9b}31m")]
        var state = try TopState(sample)
        state.type("2")
        #expect(state.lines().contains { $0.hasPrefix(" ?[2Jx?") })
        state.type("4")
        #expect(state.lines()[5].contains("two?lines?31m"))
    }

    @Test func allAtOnceForWhatIsNoTerminal() throws {
        let view = TopView(state: try TopState(Sample()), address: "a", now: .now())
        let text = view.page(width: 132).lines.joined(separator: "\n")
        for word in ["fanout 0.1.0", "redis", "10.0.0.7:23000", "10.0.0.8:23000", "ejected", "30.0"] {
            #expect(text.contains(word))
        }
        #expect(!text.contains("q quit"))
    }
}

@Suite struct TopStateTests {
    @Test func keysMoveBetweenScreens() throws {
        var state = try TopState(Sample())
        #expect(state.screen == .services)
        state.type("\t")
        #expect(state.screen == .endpoints)
        state.type("\u{1b}[C\u{1b}[C\u{1b}[C")
        #expect(state.screen == .services)
        state.type("\u{1b}[Z")
        #expect(state.screen == .events)
        state.type("3")
        #expect(state.screen == .connections)
        state.type("9")
        #expect(state.screen == .connections)
        let quits = state.type("q")
        #expect(quits)
    }

    @Test func helpGoesWithAnyKey() throws {
        var state = try TopState(Sample())
        state.type("?")
        #expect(state.lines().contains { $0.contains("the next order of the rows") })
        let quits = state.type("2")
        #expect(!quits)
        #expect(state.screen == .services)
        state.type("?")
        let ends = state.type("q")
        #expect(ends)
    }

    @Test func sortGoesThroughTheColumnsAndBack() throws {
        var state = try TopState(Sample())
        state.type("2s")
        #expect(state.lines()[4].contains("ENDPOINT↓"))
        #expect(state.lines()[5].contains("10.0.0.7"))
        state.type("sss")
        #expect(state.lines()[4].contains("CONNS↓"))
        #expect(state.lines()[5].contains("10.0.0.8"))
        var presses = 4
        while state.order[.endpoints] != nil, presses < 50 {
            state.type("s")
            presses += 1
        }
        #expect(presses == TopTables(state).table.orders + 1)
        #expect(state.lines()[5].contains("10.0.0.9"))
    }

    /// The selected row stays selected when the order changes, and when it goes the first one is.
    @Test func selectionFollowsItsRow() throws {
        var state = try TopState(Sample())
        state.type("2jj")
        #expect(state.selectedRow == 2)
        state.type("ssss")
        #expect(state.selectedRow == 0)
        var sample = Sample()
        sample.endpoints.remove(at: 1)
        state.receive(.success(try sample.reading(at: 2)))
        #expect(state.selectedRow == 0)
        sample.endpoints = []
        state.receive(.success(try sample.reading(at: 3)))
        #expect(state.selectedRow == nil)
        state.type("jkGg\u{1b}[6~")
        #expect(state.selectedRow == nil)
        #expect(state.lines()[5] == " no endpoint: clients wait for one")
    }

    @Test func pauseKeepsTheFigures() throws {
        var state = try TopState(Sample())
        state.type("p")
        #expect(state.lines()[2] == " PAUSED: p goes on")
        let before = state.reading
        state.receive(.success(try Sample(clients: 9).reading(at: 2)))
        #expect(state.reading == before)
        state.type("p")
        state.receive(.success(try Sample(clients: 9).reading(at: 3)))
        #expect(state.reading?.status.connections == 9)
    }
}

@Suite struct RateTests {
    @Test func areBetweenTwoReadings() throws {
        let first = try Sample(ticks: 1).reading(at: 0)
        let rates = Rates(try Sample(uptime: 12_347.5, ticks: 5).reading(at: 2), since: first)
        #expect(rates.process == Rates.Traffic(opened: 20, sent: 2048, received: 4096))
        #expect(rates.services[0] == rates.process)
        #expect(rates.endpoints["0 10.0.0.8:23000 "] == Rates.Traffic(opened: 10, sent: 1024, received: 2048))
        #expect(rates.failed == 0)
    }

    @Test func anotherProcessHasNone() throws {
        let first = try Sample(ticks: 5).reading(at: 0)
        #expect(Rates(try Sample(pid: 4712, ticks: 6).reading(at: 1), since: first) == .none)
        #expect(Rates(try Sample(uptime: 1, ticks: 6).reading(at: 1), since: first) == .none)
        #expect(Rates(try Sample(ticks: 6).reading(at: 0), since: first) == .none)
        #expect(Rates(first, since: nil) == .none)
    }

    /// Counters that fall, as those of an endpoint that came back, are no negative rate.
    @Test func fallingCountersHaveNone() throws {
        let rates = Rates(try Sample(uptime: 12_346.5).reading(at: 1), since: try Sample(ticks: 5).reading(at: 0))
        #expect(rates.process == Rates.Traffic())
        #expect(rates.endpoints["0 10.0.0.8:23000 "] == Rates.Traffic())
    }
}
