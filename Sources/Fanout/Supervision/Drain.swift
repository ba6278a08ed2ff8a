import Logging
import Reactor

/// The end of a process in steps: refuse what is new, serve what was accepted, let sessions finish, and at the time
/// limit or at the second request reset what is left.
struct Drain {
    private let timeout: UInt64
    private let logger: Logger
    /// When sessions that are left are reset; never before a drain has begun, and never after that moment.
    private(set) var end = Deadline.never
    private var hasBegun = false
    private var hasReset = false

    init(timeout: UInt64, logger: Logger) {
        self.timeout = timeout
        self.logger = logger
    }

    mutating func request(_ fleet: Fleet, _ listeners: [ListeningSocket]) {
        if hasBegun {
            reset(fleet, because: "a second signal")
            return
        }
        hasBegun = true
        logger.info("draining", metadata: ["connections": "\(fleet.admission.count)"])
        // Before any worker closes anything: what arrives from now on is refused, not thrown away later.
        for listener in listeners { listener.refuseNewConnections() }
        end = Deadline.now().advanced(by: timeout)
        fleet.order(.drain)
    }

    mutating func expire(_ fleet: Fleet) {
        if Deadline.now() >= end { reset(fleet, because: "the drain timeout") }
    }

    private mutating func reset(_ fleet: Fleet, because cause: String) {
        end = .never
        // What is asked for again, for instance by an impatient operator, has been done.
        guard !hasReset else { return }
        hasReset = true
        let left = fleet.admission.count
        if left > 0 {
            logger.warning("resetting connections", metadata: ["connections": "\(left)", "cause": "\(cause)"])
        }
        fleet.order(.reset)
    }
}
