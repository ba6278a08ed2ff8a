import Foundation
import Traffic

/// Clients that connect, ask, read the answer and close, over and over, until they are stopped.
final class Storm: @unchecked Sendable {
    /// How long a connect may go unanswered: the kernel of a draining proxy drops it.
    private static let connectPatience = 0.1
    private static let answerPatience = 10.0
    private static let restAfterRefusal: UInt32 = 500

    /// How it went for the clients.
    struct Fates {
        var served = 0
        /// Refused, or dropped by the kernel before there was a connection.
        var refused = 0
        /// Connected, and then reset or ended without the answer.
        var broken = 0
        /// The first of these in words.
        var firstBroken: String?
    }

    private let address: TrafficAddress
    private let lock = NSLock()
    private var counts = Fates()
    private let crew = Crew()
    private let sign = StopSign()

    init(_ address: TrafficAddress, clients: Int) {
        self.address = address
        for _ in 0..<clients {
            crew.start { [self] in
                var number = 0
                while !sign.isRaised {
                    ask(number)
                    number += 1
                }
            }
        }
    }

    /// So far.
    var fates: Fates { lock.withLock { counts } }

    func stop() -> Fates {
        sign.raise()
        crew.join()
        return fates
    }

    private func ask(_ number: Int) {
        let client: LineClient
        do {
            client = try LineClient(to: address, within: Self.connectPatience)
        } catch {
            // Once the handshake was done, a reset would be ECONNRESET; before it, it is ECONNREFUSED.
            if error == .reset {
                count { $0.broken("reset in the connect") }
            } else {
                count { $0.refused += 1 }
                usleep(Self.restAfterRefusal)
            }
            return
        }
        do {
            let line = "request \(number)"
            try client.sendAll(line + "\n", within: Self.answerPatience)
            guard try client.readLine(within: Self.answerPatience) == line else {
                count { $0.broken("a wrong answer") }
                return
            }
            count { $0.served += 1 }
        } catch {
            count { $0.broken("connected, then \(error)") }
        }
    }

    private func count(_ change: (inout Fates) -> Void) {
        lock.withLock { change(&counts) }
    }
}

extension Storm.Fates {
    mutating func broken(_ how: String) {
        broken += 1
        firstBroken = firstBroken ?? how
    }

    mutating func add(_ other: Self) {
        served += other.served
        refused += other.refused
        broken += other.broken
        firstBroken = firstBroken ?? other.firstBroken
    }
}
