import Foundation
import Traffic

/// One connection that is asked and answered in turn; how long an answer takes.
final class EchoProbe {
    private static let messages = 20_000
    private static let size = 64

    /// In seconds.
    struct Times {
        let p50: Double
        let p99: Double

        var p50Text: String { "\(Int(p50 * 1e6)) µs" }
        var p99Text: String { "\(Int(p99 * 1e6)) µs" }
    }

    private let client: LineClient

    init(_ address: TrafficAddress) throws { client = try LineClient(to: address) }

    func measure() throws -> Times {
        let message = [UInt8](repeating: 42, count: Self.size)
        var times: [Double] = []
        times.reserveCapacity(Self.messages)
        for _ in 0..<Self.messages {
            let before = Clock.now
            try client.sendAll(message)
            guard try client.readExactly(Self.size) == message else { throw LineClient.Failure.reset }
            times.append(Clock.now - before)
        }
        times.sort()
        return Times(p50: times[times.count / 2], p99: times[times.count * 99 / 100])
    }

    func close() { client.close() }
}
