import Reactor

@testable import Fanout

extension Sample {
    /// The reports as the client reads them, `seconds` after some moment.
    func reading(at seconds: Double = 0) throws -> AdminReading {
        let texts = Dictionary(uniqueKeysWithValues: reports.map { ($0.path, $0.text) })
        func decode<Report: Decodable>(_ path: String) throws -> Report {
            try AdminJSON.decode(Report.self, from: Array((texts[path] ?? "").utf8))
        }
        return AdminReading(
            time: Deadline(nanoseconds: 1_000_000_000_000 + UInt64(seconds * 1e9)),
            status: try decode("/status"),
            endpoints: try decode("/endpoints"),
            connections: try decode("/connections")
        )
    }
}

extension TopState {
    /// After two readings a second apart, `ticks` of the sample between them.
    init(_ sample: Sample, ticks: Int = 3) throws {
        self.init()
        receive(.success(try sample.reading()))
        var later = sample
        later.ticks += ticks
        later.uptime += 1
        receive(.success(try later.reading(at: 1)))
    }

    /// Presses keys; true if one of them quits.
    @discardableResult
    mutating func type(_ keys: String) -> Bool {
        var parser = KeyParser()
        return parser.keys(in: keys.utf8).map { press($0) }.contains(true)
    }

    func lines(_ width: Int = 80, _ height: Int = 24) -> [String] {
        let now = Deadline(nanoseconds: 1_002_000_000_000)
        return TopView(state: self, address: "127.0.0.1:9901", now: now).frame(width: width, height: height).lines
    }
}
