import Reactor

/// The endpoints of one service as workers read them: parallel tables of `count` rows, in the order of an
/// ``EndpointPlan``.
@safe
struct EndpointSet: BitwiseCopyable {
    /// Whether anything is known of this service yet, if only that it has none.
    var isKnown: Bool
    /// Changes whenever the endpoints of this service do.
    var revision: UInt32
    var count: Int
    /// Rows of the first tier; the others are for connections that have tried all of these in vain.
    var preferred: Int
    /// Rows at the end whose endpoints are on trial.
    var trials: Int
    /// The least cost of a preferred row, and whether all of them cost that.
    var leastCost: UInt32
    var isUniform: Bool
    /// Where the load of each endpoint is counted (``LoadTable``).
    var slots: UnsafePointer<UInt32>
    var addresses: UnsafePointer<SocketAddress>
    /// Never used twice in a process, so that a log line can name an endpoint that has left.
    var identities: UnsafePointer<UInt64>
    /// What a connection counts on each (the lower 32 bits), the part of its weight that the endpoint has for the time
    /// being (16 bits above), and its tier (the upper 8).
    var costs: UnsafePointer<UInt64>
}

/// Every service's endpoints at one version: immutable plain memory, read by all workers, freed by the publisher.
///
/// Not a class: taking a reference would retain and release on a cache line that all workers share.
@safe
struct EndpointSnapshot: @unchecked Sendable {
    private let header: UnsafeMutableRawPointer

    private struct Header: BitwiseCopyable {
        var version: UInt64
        var services: Int
    }

    struct Row {
        let slot: UInt32
        let address: SocketAddress
        let identity: UInt64
        var tier: UInt8 = 0
        var cost = UInt32(EndpointPlan.unit)
        var part: UInt16 = 0
        var isTrial = false
    }

    /// - Parameter services: the rows of each service, by tier and with trials at the end; nil where discovery has not
    ///   answered yet.
    init(version: UInt64, services: [[Row]?], revisions: [UInt32] = []) {
        let total = services.reduce(0) { $0 + ($1?.count ?? 0) }
        let setsAt = MemoryLayout<Header>.stride
        let identitiesAt = setsAt + services.count * MemoryLayout<EndpointSet>.stride
        let costsAt = identitiesAt + total * MemoryLayout<UInt64>.stride
        let addressesAt = costsAt + total * MemoryLayout<UInt64>.stride
        let slotsAt = addressesAt + total * MemoryLayout<SocketAddress>.stride
        let size = slotsAt + total * MemoryLayout<UInt32>.stride

        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        unsafe memory.storeBytes(of: Header(version: version, services: services.count), as: Header.self)
        let sets = unsafe (memory + setsAt).bindMemory(to: EndpointSet.self, capacity: services.count)
        var identities = unsafe (memory + identitiesAt).bindMemory(to: UInt64.self, capacity: total)
        var costs = unsafe (memory + costsAt).bindMemory(to: UInt64.self, capacity: total)
        var addresses = unsafe (memory + addressesAt).bindMemory(to: SocketAddress.self, capacity: total)
        var slots = unsafe (memory + slotsAt).bindMemory(to: UInt32.self, capacity: total)
        for (index, rows) in services.enumerated() {
            let count = rows?.count ?? 0
            let preferred = rows?.prefix { $0.tier == rows?.first?.tier } ?? []
            let leastCost = preferred.map(\.cost).min() ?? 0
            unsafe (sets + index).initialize(
                to: EndpointSet(
                    isKnown: rows != nil,
                    revision: index < revisions.count ? revisions[index] : 0,
                    count: count,
                    preferred: preferred.count,
                    trials: rows?.reversed().prefix { $0.isTrial }.count ?? 0,
                    leastCost: leastCost,
                    isUniform: preferred.allSatisfy { $0.cost == leastCost },
                    slots: UnsafePointer(slots),
                    addresses: UnsafePointer(addresses),
                    identities: UnsafePointer(identities),
                    costs: UnsafePointer(costs)
                )
            )
            for (offset, row) in (rows ?? []).enumerated() {
                unsafe (slots + offset).initialize(to: row.slot)
                unsafe (addresses + offset).initialize(to: row.address)
                unsafe (identities + offset).initialize(to: row.identity)
                unsafe (costs + offset).initialize(
                    to: UInt64(row.tier) << 56 | UInt64(row.part) << 32 | UInt64(row.cost)
                )
            }
            unsafe slots += count
            unsafe addresses += count
            unsafe identities += count
            unsafe costs += count
        }
        unsafe header = memory
    }

    /// Takes up a snapshot that ``bits`` was read from.
    init(bits: UInt) {
        guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: bits) else {
            preconditionFailure("a snapshot is never null")
        }
        unsafe header = pointer
    }

    /// The snapshot as the value of an atomic.
    var bits: UInt { unsafe UInt(bitPattern: header) }

    var version: UInt64 { unsafe header.load(as: Header.self).version }

    /// The endpoints of one service, valid for as long as the snapshot is held.
    @inline(__always)
    func endpoints(of service: Int) -> EndpointSet {
        precondition(unsafe service < header.load(as: Header.self).services, "a service outside the snapshot")
        let sets = unsafe (header + MemoryLayout<Header>.stride).assumingMemoryBound(to: EndpointSet.self)
        return unsafe sets[service]
    }

    /// Only the publisher, and only when no worker holds it.
    func free() { unsafe header.deallocate() }
}
