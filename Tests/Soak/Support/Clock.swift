import Foundation

/// Monotonic time, in seconds.
enum Clock {
    static var now: Double { ProcessInfo.processInfo.systemUptime }

    /// Waits until `condition` holds, looking every few milliseconds; false if it does not in time.
    static func wait(within seconds: Double, until condition: () throws -> Bool) rethrows -> Bool {
        let end = now + seconds
        while try !condition() {
            if now >= end { return false }
            usleep(3_000)
        }
        return true
    }
}

/// Tells threads to come to an end, and wakes those that rest.
final class StopSign: @unchecked Sendable {
    private let condition = NSCondition()
    private var raised = false

    var isRaised: Bool { condition.withLock { raised } }

    func raise() {
        condition.withLock {
            raised = true
            condition.broadcast()
        }
    }

    /// Rests for so long; false if the sign was raised before or meanwhile.
    func rest(_ seconds: Double) -> Bool {
        condition.withLock {
            let end = Date().addingTimeInterval(seconds)
            while !raised {
                if !condition.wait(until: end) { break }
            }
            return !raised
        }
    }
}

/// Threads that are waited for together.
final class Crew: @unchecked Sendable {
    private let condition = NSCondition()
    private var running = 0

    func start(_ body: @escaping @Sendable () -> Void) {
        condition.withLock { running += 1 }
        Thread { [self] in
            body()
            condition.withLock {
                running -= 1
                condition.broadcast()
            }
        }.start()
    }

    func join() {
        condition.withLock {
            while running > 0 { condition.wait() }
        }
    }
}
