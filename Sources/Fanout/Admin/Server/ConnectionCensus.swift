import NIOCore
import Reactor

/// Asks all workers for their connections, and waits for them for a while. Confined to the admin thread.
///
/// One census at a time, and not more than one in ``validity``, however many clients want one.
final class ConnectionCensus {
    /// How old an answer may be that is given out again.
    static let validity: UInt64 = 100_000_000
    /// A worker that has not answered by then is stuck, or has ended.
    private static let patience: UInt64 = 1_000_000_000
    private static let pause = TimeAmount.milliseconds(2)

    private let fleet: Fleet
    private let loop: any EventLoop
    private var running: EventLoopPromise<[AccessRecord]>?
    private var last: (records: [AccessRecord], at: Deadline)?

    init(_ fleet: Fleet, on loop: any EventLoop) {
        self.fleet = fleet
        self.loop = loop
    }

    /// Some living connections of each worker, at most ``Census/capacity`` together, but at least one of each that has any.
    func take() -> EventLoopFuture<[AccessRecord]> {
        if let running { return running.futureResult }
        if let last, Deadline.now().since(last.at) < Self.validity { return loop.makeSucceededFuture(last.records) }
        let promise = loop.makePromise(of: [AccessRecord].self)
        running = promise
        let questions = shares().enumerated().map { fleet.ask(worker: $0.offset, for: $0.element) }
        collect(questions, until: Deadline.now().advanced(by: Self.patience))
        return promise.futureResult
    }

    /// How many each worker is asked for: all it may have, or its part of what can be shown.
    private func shares() -> [Int] {
        let counts = fleet.services.map { Int(clamping: $0.total(.active)) }
        let total = counts.reduce(0, +)
        guard total > Census.capacity else { return counts.map { _ in Census.capacity } }
        return counts.map { max(1, $0 * Census.capacity / total) }
    }

    private func collect(_ questions: [UInt64], until end: Deadline) {
        let answers = questions.enumerated().map { fleet.answer(ofWorker: $0.offset, to: $0.element) }
        guard answers.contains(where: { $0 == nil }), Deadline.now() < end else {
            let records = answers.flatMap { $0 ?? [] }
            last = (records, .now())
            let promise = running
            running = nil
            promise?.succeed(records)
            return
        }
        loop.assumeIsolated().scheduleTask(in: Self.pause) { self.collect(questions, until: end) }
    }
}
