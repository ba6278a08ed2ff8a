import Reactor
import Synchronization

/// Clients on their way from other workers to one worker: a bounded ring with many writers and one reader, without locks
/// (Vyukov, "Bounded MPMC queue", 2010, with a single reader).
///
/// A client that was pushed is taken exactly once: the end of the ring and whether it is closed are one number, so a
/// push comes before the close, and is served, or is refused.
@safe
struct Inbox: @unchecked Sendable {
    /// An accepted descriptor and the number of its service.
    struct Client: BitwiseCopyable, Equatable {
        var descriptor: Int32
        var service: UInt32
    }

    static let capacity = 256
    /// Zeroes are an empty inbox.
    static let bytes = cellsAt + capacity * MemoryLayout<Cell>.stride

    // Writers and the reader do not share a cache line.
    private static let startAt = 64
    private static let cellsAt = 128
    /// The lowest bit of the end; the others count what was pushed.
    private static let closed: UInt64 = 1

    private struct Cell: ~Copyable {
        /// Twice the lap in which the cell can be written, and one more once it is.
        let turn: Atomic<UInt64>
        var client: Client
    }

    private let end: UnsafeMutablePointer<Atomic<UInt64>>
    private let start: UnsafeMutablePointer<UInt64>
    private let cells: UnsafeMutablePointer<Cell>

    /// - Parameter memory: ``bytes`` zeroed bytes, aligned to a cache line, that outlive every use.
    init(at memory: UnsafeMutableRawPointer) {
        unsafe end = memory.assumingMemoryBound(to: Atomic<UInt64>.self)
        unsafe start = (memory + Self.startAt).assumingMemoryBound(to: UInt64.self)
        unsafe cells = (memory + Self.cellsAt).assumingMemoryBound(to: Cell.self)
    }

    private static func free(at position: UInt64) -> UInt64 { position / UInt64(capacity) * 2 }

    private func cell(_ position: UInt64) -> UnsafeMutablePointer<Cell> {
        unsafe cells + Int(position % UInt64(Self.capacity))
    }

    // MARK: Writers

    /// Leaves a client, from any thread; false when the inbox is full or closed. The reader must be woken afterwards.
    func push(_ client: Client) -> Bool {
        var seen = unsafe end.pointee.load(ordering: .relaxed)
        // Each further round means that another writer was quicker.
        while seen & Self.closed == 0 {
            let position = seen >> 1
            let cell = unsafe cell(position)
            let free = Self.free(at: position)
            let turn = unsafe cell.pointee.turn.load(ordering: .acquiring)
            if turn == free {
                let claim = unsafe end.pointee.compareExchange(expected: seen, desired: seen &+ 2, ordering: .relaxed)
                if claim.exchanged {
                    unsafe cell.pointee.client = client
                    unsafe cell.pointee.turn.store(free &+ 1, ordering: .releasing)
                    return true
                }
                seen = claim.original
            } else if turn < free {
                return false
            } else {
                seen = unsafe end.pointee.load(ordering: .relaxed)
            }
        }
        return false
    }

    // MARK: The reader

    /// Whether there is a client to take; one that has not been written to its end yet is none, and a wake-up follows.
    @inline(__always)
    var hasNext: Bool {
        let position = unsafe start.pointee
        return unsafe cell(position).pointee.turn.load(ordering: .acquiring) == Self.free(at: position) &+ 1
    }

    func take() -> Client? {
        guard hasNext else { return nil }
        let position = unsafe start.pointee
        let cell = unsafe cell(position)
        let client = unsafe cell.pointee.client
        unsafe start.pointee = position &+ 1
        unsafe cell.pointee.turn.store(Self.free(at: position) &+ 2, ordering: .releasing)
        return client
    }

    /// From now on every push is refused; what was pushed before is still to be taken.
    func close() { unsafe end.pointee.bitwiseOr(Self.closed, ordering: .relaxed) }

    /// Whether it is closed and everything was taken: nothing will ever come again.
    var isFinished: Bool {
        unsafe end.pointee.load(ordering: .relaxed) == start.pointee << 1 | Self.closed
    }
}
