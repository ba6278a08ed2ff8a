/// The faults that are armed, oldest first; each answer meets at most one.
struct FaultPlan: Sendable {
    private struct Armed: Sendable {
        let fault: Fault
        var remaining: Int?
        let service: String?
    }

    private var armed: [Armed] = []

    var descriptions: [String] {
        armed.map { entry in
            let times = entry.remaining.map { "\($0) more" } ?? "until cleared"
            return "\(entry.fault) (\(times)\(entry.service.map { ", only \($0)" } ?? ""))"
        }
    }

    mutating func arm(_ fault: Fault, times: Int?, service: String?) {
        guard times.map({ $0 > 0 }) ?? true else { return }
        armed.append(Armed(fault: fault, remaining: times, service: service))
    }

    mutating func clear() { armed = [] }

    /// The fault for an answer about `service`; on arrival only those that do not wait for the data.
    mutating func take(service: String?, onArrival: Bool) -> Fault? {
        let match = armed.firstIndex {
            ($0.service == nil || $0.service == service) && (!onArrival || $0.fault.strikesOnArrival)
        }
        guard let match else { return nil }
        let fault = armed[match].fault
        if let remaining = armed[match].remaining {
            if remaining > 1 { armed[match].remaining = remaining - 1 } else { armed.remove(at: match) }
        }
        return fault
    }
}
