import Reactor
import Synchronization

/// What came of a connect to an endpoint, or of a session on it.
enum Outcome: Int, CaseIterable, Sendable {
    case connected
    case refused
    case timedOut
    case unreachable
    /// Another error of the connect that may be the endpoint's fault.
    case failed
    /// The session was reset by the endpoint before its first byte.
    case resetEarly
    /// The endpoint ended the stream at once, and without a byte.
    case closedEarly
    /// A connect that had begun later, to another endpoint, came about first.
    case overtaken

    /// Whether it speaks against the endpoint.
    var isBad: Bool { self != .connected }

    /// The outcome of a connect that ended with this error; nil for our own troubles, which say nothing of the
    /// endpoint.
    init?(ofConnectError error: Int32) {
        switch error {
        case SystemError.refused: self = .refused
        case SystemError.timedOut: self = .timedOut
        case _ where SystemError.isUnreachable(error): self = .unreachable
        case _ where SystemError.isOwnTrouble(error): return nil
        case _: self = .failed
        }
    }
}

/// Outcomes by kind, counted.
struct Outcomes: Equatable, Sendable {
    private var counts: InlineArray<8, UInt32> = InlineArray(repeating: 0)

    static func == (left: Outcomes, right: Outcomes) -> Bool { Outcome.allCases.allSatisfy { left[$0] == right[$0] } }

    subscript(outcome: Outcome) -> UInt32 {
        get { counts[outcome.rawValue] }
        set { counts[outcome.rawValue] = newValue }
    }

    /// What has been added since `earlier`; the counters wrap around.
    func since(_ earlier: Outcomes) -> Outcomes {
        var difference = Outcomes()
        for outcome in Outcome.allCases { difference[outcome] = self[outcome] &- earlier[outcome] }
        return difference
    }
}

/// A time that an endpoint takes, of which ``OutcomeTable`` keeps what is usual.
enum EndpointTime: Int, CaseIterable, Sendable {
    /// From the begin of a connect until it has come about.
    case connect
    /// From then until the session's first byte from the endpoint; what the client takes to ask for it is in it.
    case firstByte
}

/// Outcomes by endpoint slot: workers add, the registry reads. And trials, of which the registry offers one for an
/// endpoint that was ejected, and one worker takes it.
///
/// One row a slot for all workers: an outcome is one atomic addition a connection, and the registry can look at ten
/// thousand endpoints in a fraction of a millisecond.
///
/// A value of pointers, so that nothing is counted where a worker uses it; ``LoadTable`` keeps the memory.
@safe
struct OutcomeTable: @unchecked Sendable {
    private static var columns: Int { 8 }
    private static var timeColumns: Int { 2 }
    /// A trial: none is 0.
    private static var offered: UInt32 { 1 }
    private static var underWay: UInt32 { 2 }
    private let slots: Int
    private let counters: UnsafeMutablePointer<Atomic<UInt32>>
    private let trials: UnsafeMutablePointer<Atomic<UInt32>>
    private let times: UnsafeMutablePointer<Atomic<UInt32>>
    /// 1 when the reader has been told, and has not looked since.
    private let news: UnsafeMutablePointer<Atomic<UInt32>>
    /// Of a ``Wakeup``; -1 for none.
    private let doorbell: Int32

    private static func cells(slots: Int) -> Int { (columns + timeColumns + 1) * slots + 1 }

    static func bytes(slots: Int) -> Int { cells(slots: slots) * MemoryLayout<Atomic<UInt32>>.stride }

    /// - Parameters:
    ///   - memory: ``bytes(slots:)`` zeroed bytes that outlive every use.
    ///   - doorbell: rung at the first bad outcome after each look; outlives every use.
    init(memory: borrowing LazyMemory, slots: Int, doorbell: Wakeup?) {
        self.slots = slots
        self.doorbell = doorbell?.descriptor ?? -1
        unsafe counters = memory.bound(to: Atomic<UInt32>.self, count: Self.cells(slots: slots))
        unsafe trials = counters + Self.columns * slots
        unsafe times = trials + slots
        unsafe news = times + Self.timeColumns * slots
    }

    /// A worker's side.
    func note(_ outcome: Outcome, slot: UInt32) {
        precondition(Int(slot) < slots, "a slot outside the table")
        unsafe counters[Int(slot) * Self.columns + outcome.rawValue].wrappingAdd(1, ordering: .relaxed)
        // That a trial went well is news too.
        let isTrial = unsafe trials[Int(slot)].load(ordering: .relaxed) == Self.underWay
        guard outcome.isBad || isTrial, unsafe news.pointee.exchange(1, ordering: .acquiringAndReleasing) == 0 else {
            return
        }
        if doorbell >= 0 { Wakeup.signal(doorbell) }
    }

    /// A worker's side: the slot's endpoint has taken so long.
    ///
    /// All workers feed the same average, so that a reader has nothing to put together: what is usual moves an eighth of
    /// the way each time, and where two workers meet, one of the times is lost.
    func noteTime(_ time: EndpointTime, microseconds: UInt32, slot: UInt32) {
        let usual = usualTime(time, of: slot)
        let next = usual == 0 ? microseconds : usual - usual / 8 + microseconds / 8
        unsafe times[place(of: time, slot)].store(max(1, next), ordering: .relaxed)
    }

    /// How long the slot's endpoint usually takes, in microseconds, to about 8 of them; 0 while it is not known. Any thread.
    func usualTime(_ time: EndpointTime, of slot: UInt32) -> UInt32 {
        unsafe times[place(of: time, slot)].load(ordering: .relaxed)
    }

    @inline(__always)
    private func place(of time: EndpointTime, _ slot: UInt32) -> Int {
        precondition(Int(slot) < slots, "a slot outside the table")
        return Self.timeColumns * Int(slot) + time.rawValue
    }

    /// A worker's side: whether the trial of this slot's endpoint is the caller's to make.
    func takeTrial(slot: UInt32) -> Bool {
        precondition(Int(slot) < slots, "a slot outside the table")
        guard unsafe trials[Int(slot)].load(ordering: .relaxed) == Self.offered else { return false }
        return unsafe trials[Int(slot)].compareExchange(
            expected: Self.offered,
            desired: Self.underWay,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    // MARK: The registry's side

    func offerTrial(slot: UInt32) { unsafe trials[Int(slot)].store(Self.offered, ordering: .releasing) }

    /// Another endpoint has come to the slot.
    func forgetTimes(slot: UInt32) {
        for time in EndpointTime.allCases { unsafe times[place(of: time, slot)].store(0, ordering: .releasing) }
    }

    /// Whether the trial was offered and nobody has taken it.
    func isTrialLeft(slot: UInt32) -> Bool { unsafe trials[Int(slot)].load(ordering: .acquiring) == Self.offered }

    func withdrawTrial(slot: UInt32) { unsafe trials[Int(slot)].store(0, ordering: .releasing) }

    /// Whether there are bad outcomes that were not looked at.
    var hasNews: Bool { unsafe news.pointee.load(ordering: .acquiring) == 1 }

    /// Before a look, so that what comes during it rings again.
    func beginLook() { unsafe news.pointee.store(0, ordering: .sequentiallyConsistent) }

    func outcomes(of slot: UInt32) -> Outcomes {
        var outcomes = Outcomes()
        for outcome in Outcome.allCases {
            outcomes[outcome] = unsafe counters[Int(slot) * Self.columns + outcome.rawValue].load(ordering: .relaxed)
        }
        return outcomes
    }
}
