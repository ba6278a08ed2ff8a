/// What a simulation can do to the product; each is counted when it has really happened.
public enum Mark: Int, CaseIterable, Sendable {
    // Operations
    case partialSend
    case shortSend
    case poolEmpty
    case noBufferBySurprise
    case interruptedReceive
    case interruptedSend
    case sendFailed
    case hiddenReset
    case connectedAtOnce
    case connectToldByPoll
    case connectRefused
    case connectUnreachable
    case connectTimedOut
    case connectSilent
    case selfConnected
    case spareStarted
    case spareWon
    case cancelWon
    case cancelLost
    case cancelRefused
    case acceptEndedEarly
    case acceptWithoutDescriptors
    case acceptAborted
    case pollEndedEarly
    case endOfStreamUnasked
    case manyResultsAtOnce
    case kernelBusy
    case wokenForNothing
    case watched
    // Immediate calls
    case receivedAtOnce
    case sentInPartAtOnce
    case sentNothingAtOnce
    case noSocket
    case noPipe
    case partialFill
    case partialDrain
    case interruptedDrain
    case fillFoundNothing
    case drainFoundNoRoom
    case spliceRefused
    case urgentByte
    case movedDuringTurn
    // Peers
    case clientReset
    case upstreamReset
    case peerVanished
    case peerClosed
    case resetBeforeConnect
    case slowPeer
    case blockedPeer
    case piecemealPeer
    // Time and orders
    case timePassed
    case endpointsChanged
    case endpointEjected
    case endpointOnTrial
    case endpointBack
    case noEndpoints
    case drainBegun
    case resetOrdered
    case queueTakenInDrain
    case limitReached
    case flushed
    case flushGivenUp
    case keptAlive
    case dataLarge
    // Several workers, unix clients: of fleets alone
    case severalAtWork
    case snapshotsDiffer
    case yielded
    case acceptedByAnother
    case unixClosed
    case unixClosedOverBytes
    case turnsAtOnce
    case handedOver
    case inboxFull
    case inboxClosed
    /// A drain was ordered while a client was on its way from one worker to another.
    case drainOverInbox
    /// One came between the worker's last look and the close of its inbox.
    case closedOverClient
    /// Handed over, and turned away at the limit by its new worker.
    case handedOverInVain
    /// The wake-up came when its client had been taken already.
    case wokenTooLate

    /// What a run with one worker and TCP cannot meet.
    public var isOfFleets: Bool { rawValue >= Mark.severalAtWork.rawValue }
}

/// How often each mark was met.
public struct Coverage: Sendable {
    private var counts = [Int](repeating: 0, count: Mark.allCases.count)

    public init() {}

    public subscript(mark: Mark) -> Int { counts[mark.rawValue] }

    mutating func note(_ mark: Mark) { counts[mark.rawValue] += 1 }

    public mutating func add(_ other: Coverage) {
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    public var missing: [Mark] { Mark.allCases.filter { self[$0] == 0 } }
}
