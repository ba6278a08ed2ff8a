/// The rows of an answer that can be endpoints, in a canonical order, and why the others cannot.
struct UsableRegistrations: Equatable, Sendable {
    /// Why a row is not an endpoint.
    enum SkipReason: String, CaseIterable, Sendable {
        case canary
        case noAddress = "no_address"
        case invalidAddress = "invalid_address"
        case invalidPort = "invalid_port"
        case duplicate
        case beyondLimit = "beyond_limit"
    }

    /// The most rows of one service that are used.
    static let limit = 10_000
    /// Marks an instance that is not to get traffic yet; Nomad drops canary tags at promotion.
    static let canaryTag = "fanout.canary=1"

    /// By ``ServiceRegistration/id``, so that equal sets compare equal.
    let rows: [ServiceRegistration]
    let skipped: [SkipReason: Int]

    init(_ registrations: [ServiceRegistration], limit: Int = Self.limit) {
        var skipped: [SkipReason: Int] = [:]
        var byPlace: [Place: ServiceRegistration] = [:]
        for row in registrations {
            if let reason = Self.reasonToSkip(row) {
                skipped[reason, default: 0] += 1
                continue
            }
            let place = Place(address: row.address, port: row.port)
            if let other = byPlace[place] {
                skipped[.duplicate, default: 0] += 1
                // A restarted task may leave its old row behind for a while: the youngest speaks for the place.
                if Self.isOlder(other, than: row) { byPlace[place] = row }
            } else {
                byPlace[place] = row
            }
        }
        let sorted = byPlace.values.sorted { ($0.id, $0.address, $0.port) < ($1.id, $1.address, $1.port) }
        if sorted.count > limit { skipped[.beyondLimit] = sorted.count - limit }
        rows = Array(sorted.prefix(limit))
        self.skipped = skipped
    }

    private struct Place: Hashable {
        let address: String
        let port: Int
    }

    private static func reasonToSkip(_ row: ServiceRegistration) -> SkipReason? {
        if row.tags.contains(canaryTag) { return .canary }
        if row.address.isEmpty { return .noAddress }
        guard HostName.isConnectable(row.address) else { return .invalidAddress }
        return (1...65535).contains(row.port) ? nil : .invalidPort
    }

    private static func isOlder(_ left: ServiceRegistration, than right: ServiceRegistration) -> Bool {
        // The greater identifier loses a tie, whatever the order in which the rows came.
        (left.createIndex, left.modifyIndex, right.id) < (right.createIndex, right.modifyIndex, left.id)
    }
}
