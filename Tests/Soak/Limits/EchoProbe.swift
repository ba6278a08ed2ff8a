import Foundation
import Traffic

/// One connection that is asked and answered in turn; how long an answer takes.
final class EchoProbe {
    private static let messages = 20_000
    private static let size = 64

    /// Sorted, in seconds.
    struct Times {
        private let sorted: [Double]

        init(_ times: [Double]) { sorted = times.sorted() }

        /// All of several measurements.
        init(_ measurements: [Times]) { self.init(measurements.flatMap(\.sorted)) }

        var p50: Double { sorted[sorted.count / 2] }
        var p99: Double { sorted[sorted.count * 99 / 100] }

        var text: String { "p50 \(Int(p50 * 1e6)) µs, p99 \(Int(p99 * 1e6)) µs" }
    }

    private let client: LineClient

    init(_ address: TrafficAddress) throws { client = try LineClient(to: address) }

    func measure() throws -> Times {
        let message = [UInt8](repeating: 42, count: Self.size)
        var times: [Double] = []
        times.reserveCapacity(Self.messages)
        for index in 0..<Self.messages {
            let before = Clock.now
            try during("echo \(index)") {
                try client.sendAll(message)
                guard try client.readExactly(Self.size) == message else { throw LineClient.Failure.reset }
            }
            times.append(Clock.now - before)
        }
        return Times(times)
    }

    func close() { client.close() }
}
