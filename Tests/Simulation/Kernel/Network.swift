import Glibc
import Reactor

/// The kernel and the world beyond it, as the workers meet them: descriptors, connections, listeners, a clock.
///
/// Nothing moves by itself: what happens next is always a choice.
final class Network {
    enum Entry {
        case connection(Connection)
        case listener(SimulatedListener)
        case pipe(SimulatedPipe)
        case spare
    }

    let choices: Choices
    var coverage = Coverage()
    var clock: UInt64 = 1_000_000_000_000
    /// The first thing that must not be; the run ends with it.
    private(set) var violation: String?
    var connections: [Connection] = []
    private(set) var descriptors: [Entry?] = []
    /// Descriptors that may be open together.
    var descriptorLimit = 1 << 16
    private(set) var openDescriptors = 0
    var pipeCapacity = 1 << 20
    /// Accepted connections in the order in which each worker began to serve them.
    var served: [[Connection]] = []
    var handovers: Handovers!
    /// The worker whose turn it is, if it is one's.
    var running: Int?
    /// How endpoints, by port, meet a connect.
    var endpoints: [UInt16: Endpoint] = [:]
    /// Failed connects that were told.
    var failedConnects = 0
    var connects = 0
    /// Peers are to come to their end.
    var isSettled = false
    /// What becomes of an immediate call or an operation by its number; for the tier that fails each in turn.
    var failing: FaultPoint?
    /// The order to reset everything was given.
    var isResetOrdered = false
    var steps = 0
    /// Asked before a socket is closed: is something still in flight on it?
    var isBusy: (Connection) -> Bool = { _ in false }
    /// The worker may end sessions whose streams have not ended (`--on-remove`).
    var endsByPolicy = false
    /// Prints what happens.
    var isLoud = false

    enum Behaviour { case accepts, refuses, unreachable, timesOut, silent, connectsToItself }

    struct Endpoint {
        var behaviour: Behaviour
        var script: () -> Peer
    }

    init(choices: Choices) { self.choices = choices }

    func fail(_ message: @autoclosure () -> String) {
        if violation == nil {
            violation = message()
            say("VIOLATION \(message())")
        }
    }

    @inline(__always)
    func say(_ text: @autoclosure () -> String) {
        guard isLoud else { return }
        print("\(clock / 1_000 - 1_000_000_000) us  \(text())")
        // The next step may trap.
        fflush(nil)
    }

    @inline(__always)
    func mark(_ mark: Mark) { coverage.note(mark) }

    /// Whether a fault of this kind happens now; then it is counted.
    @inline(__always)
    func fault(_ kind: Mark) -> Bool {
        guard choices.fault(kind) else { return false }
        mark(kind)
        return true
    }

    // MARK: Descriptors

    var isOutOfDescriptors: Bool { openDescriptors >= descriptorLimit }

    /// The lowest number that is free, as the kernel does it, so that numbers are soon used again.
    func open(_ entry: Entry) -> Int32 {
        openDescriptors += 1
        if let free = descriptors.firstIndex(where: { $0 == nil }) {
            descriptors[free] = entry
            return Int32(free)
        }
        descriptors.append(entry)
        return Int32(descriptors.count - 1)
    }

    func entry(_ descriptor: Int32, _ use: String) -> Entry? {
        guard descriptor >= 0, Int(descriptor) < descriptors.count, let entry = descriptors[Int(descriptor)] else {
            fail("\(use) on descriptor \(descriptor), which is not open")
            return nil
        }
        if case .connection(let connection) = entry { noteUse(of: connection) }
        return entry
    }

    func connection(_ descriptor: Int32, _ use: String) -> Connection? {
        guard let entry = entry(descriptor, use) else { return nil }
        guard case .connection(let connection) = entry else {
            fail("\(use) on descriptor \(descriptor), which is no socket")
            return nil
        }
        return connection
    }

    func forget(_ descriptor: Int32) {
        descriptors[Int(descriptor)] = nil
        openDescriptors -= 1
    }

    var openDescriptorNames: [String] {
        descriptors.enumerated().compactMap { number, entry in
            switch entry {
            case nil: nil
            case .connection(let connection): "\(number): \(connection.title)"
            case .listener: "\(number): listener"
            case .pipe: "\(number): pipe"
            case .spare: "\(number): spare"
            }
        }
    }
}

/// A listening socket and the connections that the kernel has accepted for it.
final class SimulatedListener {
    var queue: [Connection] = []
    var isOpen = true
    /// A drain has begun: the kernel drops what is new.
    var refusesNew = false
    /// A unix listener, in whose queue all workers' clients stand.
    let isShared: Bool

    init(isShared: Bool) { self.isShared = isShared }
}

/// A pipe: bytes of one stream, one after the other.
final class SimulatedPipe {
    var capacity: Int
    var count = 0
    /// Whose bytes, and where in that stream the next one stands.
    var stream = -1
    var position = 0
    var openEnds = 2

    init(capacity: Int) { self.capacity = capacity }
}
