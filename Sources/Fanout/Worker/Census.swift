import Reactor
import Synchronization

/// Asks one worker which connections it has, and takes its answer. One asker at a time, on any thread.
///
/// The worker writes the records and says when it is done; the asker reads them after that and asks again after
/// reading. So nobody waits, and nobody reads what is being written.
@safe
final class Census: @unchecked Sendable {
    /// Records in one answer.
    static let capacity = 1_000

    private let memory: LazyMemory
    private let records: UnsafeMutablePointer<AccessRecord>
    /// The number of the newest question, and how many records are wanted.
    private let question = Atomic<UInt64>(0)
    /// The last question that was answered, and how many records there are.
    private let answer = Atomic<UInt64>(0)

    /// A question or an answer in 64 bits.
    private static func packed(_ number: UInt64, _ count: Int) -> UInt64 { number << 16 | UInt64(count) }

    init() throws(SystemError) {
        memory = try LazyMemory(bytes: Self.capacity * MemoryLayout<AccessRecord>.stride)
        unsafe records = memory.bound(to: AccessRecord.self, count: Self.capacity)
    }

    // MARK: The asker

    /// The worker must be woken afterwards. A question that was not answered is forgotten.
    ///
    /// - Returns: what to look for the answer with.
    func ask(for count: Int) -> UInt64 {
        let number = (question.load(ordering: .relaxed) >> 16) &+ 1
        question.store(Self.packed(number, min(count, Self.capacity)), ordering: .releasing)
        return number
    }

    /// The records, or nil while the worker is not done.
    func answer(to number: UInt64) -> [AccessRecord]? {
        let answer = answer.load(ordering: .acquiring)
        guard answer >> 16 == number else { return nil }
        return (0..<Int(answer & 0xffff)).map { unsafe records[$0] }
    }

    // MARK: The worker

    @inline(__always)
    var newest: UInt64 { question.load(ordering: .acquiring) }

    fileprivate func put(_ record: AccessRecord, at index: Int) { unsafe records[index] = record }

    fileprivate func finish(_ question: UInt64, count: Int) {
        answer.store(Self.packed(question >> 16, count), ordering: .releasing)
    }
}

/// How far a worker has come with its answer.
struct CensusWalk: BitwiseCopyable {
    /// As it was asked; 0 before the first.
    fileprivate var question: UInt64 = 0
    fileprivate var nextSlot: UInt32 = 0
    fileprivate var found = 0
    /// The worker does not sleep meanwhile.
    fileprivate(set) var isUnderWay = false

    @inline(__always)
    func mustGoOn(with newest: UInt64) -> Bool { isUnderWay || newest != question }
}

extension Worker {
    /// Sessions looked at in one turn: some ten microseconds.
    static var censusStep: UInt32 { 256 }

    /// One step of the answer to the newest question. Works on a copy, so that no exclusivity check is left in a turn.
    @inline(never)
    func takeCensus(_ newest: UInt64) {
        var walk = newest == census.question ? census : CensusWalk(question: newest, isUnderWay: true)
        let touched = UInt32(sessions.touched)
        let wanted = Int(newest & 0xffff)
        let end = min(walk.nextSlot &+ Self.censusStep, touched)
        while walk.nextSlot < end && walk.found < wanted {
            let phase = unsafe sessions.pointer(walk.nextSlot).pointee.phase
            if phase != .free && phase != .spare {
                context.census.put(censusRecord(walk.nextSlot), at: walk.found)
                walk.found += 1
            }
            walk.nextSlot += 1
        }
        walk.isUnderWay = walk.nextSlot < touched && walk.found < wanted
        if !walk.isUnderWay { context.census.finish(newest, count: walk.found) }
        census = walk
    }

    /// Without an access log nobody has asked for the client's address yet.
    private func censusRecord(_ slot: UInt32) -> AccessRecord {
        let session = unsafe sessions.pointer(slot)
        if unsafe !session.pointee.clientAddress.isKnown && session.pointee.client >= 0 {
            unsafe session.pointee.clientAddress = askAddress(
                of: session.pointee.client,
                service: Int(session.pointee.service)
            )
        }
        return accessRecord(slot, isOpen: true)
    }
}
