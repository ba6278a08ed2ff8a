extension NomadDouble {
    /// Arms a fault for the next answers, `times` of them or until cleared, of any service or only of `service`.
    ///
    /// An answer meets at most one fault, the one armed first; the log tells which.
    public func inject(_ fault: Fault, times: Int? = 1, service: String? = nil) {
        state.withLockedValue { $0.faults.arm(fault, times: times, service: service) }
    }

    public func clearFaults() { state.withLockedValue { $0.faults.clear() } }

    /// The armed faults in words, oldest first.
    public var armedFaults: [String] { state.withLockedValue { $0.faults.descriptions } }

    /// Makes every parked query answer now, as if its `wait` had passed; armed faults strike these answers.
    public func releaseParkedQueries() {
        resume(
            state.withLockedValue { $0.takeAll() },
            released: true
        )
    }

    /// What a client agent does while it shuts down: parked queries get an empty success of index 0, and so does every
    /// request until the faults are cleared or the door closes.
    public func beginAgentShutdown() {
        inject(.agentShutdown, times: nil)
        releaseParkedQueries()
    }
}
