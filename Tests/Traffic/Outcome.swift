/// What one side saw of one connection.
struct Outcome {
    enum End {
        /// An end of stream was read.
        case clean
        /// Reading or sending failed with this errno.
        case failed(Int32)
        /// This side reset, as its role asked for.
        case ownReset
        /// Nothing moved for the stall limit, or the engine was stopped; this side reset to be rid of it.
        case stalled
    }

    var end = End.clean
    var received = 0
    var sent = 0
    /// The offset of the first wrong byte.
    var mismatch: Int?
    /// The errno of a failed send.
    var sendError: Int32?
}

extension Role {
    /// The verdict on what this side saw; nil when it was as it must be.
    func fault(in outcome: Outcome) -> Fault.Kind? {
        if outcome.mismatch != nil { return .mismatched }
        switch outcome.end {
        case .stalled:
            return .stalled
        case .ownReset:
            return nil
        case .clean:
            switch expectation {
            case .resetAfterAll, .resetAfterSome:
                return .resetTurnedClean
            case .clean, .none:
                if case .none = expectation { return .truncated }
                if outcome.received < receiveTotal { return .truncated }
                return outcome.sendError == nil ? nil : .cleanTurnedReset
            }
        case .failed:
            switch expectation {
            case .clean, .none: return .cleanTurnedReset
            case .resetAfterSome: return nil
            case .resetAfterAll: return outcome.received < receiveTotal ? .lostBeforeReset : nil
            }
        }
    }
}
