/// Nomad's service registration table: rows by (namespace, ID), the Raft index and the table's own index.
struct RegistrationTable: Sendable {
    /// A registration with its JSON, encoded once when it is written because hundreds of answers may carry it.
    struct Row: Sendable {
        let registration: Registration
        let json: [UInt8]

        init(_ registration: Registration) {
            self.registration = registration
            json = RegistrationJSON.encode(registration)
        }
    }

    /// What one write did to one service; an upsert that moves an ID to another service makes two of them.
    struct Change: Sendable {
        let key: ServiceKey
        /// A new row changes the radix tree's shape, which is what wakes queries on other services.
        let isInsertion: Bool
    }

    private struct RowID: Hashable {
        let namespace: String
        let id: String
    }

    private(set) var raftIndex: UInt64 = 1
    private(set) var tableIndex: UInt64 = 0
    /// The rows of each service, sorted by ID in byte order; a service without rows has no entry.
    private(set) var services: [ServiceKey: [Row]] = [:]
    private var keys: [RowID: ServiceKey] = [:]

    init() {}

    init(_ snapshot: RegistrationSnapshot) {
        raftIndex = snapshot.raftIndex
        tableIndex = snapshot.tableIndex
        for registration in snapshot.registrations { insert(registration) }
    }

    var snapshot: RegistrationSnapshot {
        RegistrationSnapshot(raftIndex: raftIndex, tableIndex: tableIndex, registrations: registrations)
    }

    /// The index of an answer: the whole table's, floored to 1 (`setReplyQueryMeta`).
    var replyIndex: UInt64 { max(1, tableIndex) }

    var registrations: [Registration] {
        services.keys.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
            .flatMap { rows(of: $0).map(\.registration) }
    }

    func rows(of key: ServiceKey) -> [Row] { services[key] ?? [] }

    func registration(id: String, namespace: String) -> Registration? {
        guard let key = keys[RowID(namespace: namespace, id: id)], let rows = services[key] else { return nil }
        let position = Self.position(of: id, in: rows)
        return position.isPresent ? rows[position.offset].registration : nil
    }

    /// One Raft write of any other kind: only the Raft index moves.
    mutating func writeElsewhere() { raftIndex &+= 1 }

    mutating func setIndexes(to index: UInt64) {
        raftIndex = index
        tableIndex = index
    }

    /// Writes all rows in one Raft entry, so that they share their indexes.
    mutating func upsert(_ registrations: [Registration]) -> [Change] {
        raftIndex &+= 1
        var changes: [Change] = []
        for registration in registrations {
            let old = self.registration(id: registration.id, namespace: registration.namespace)
            if let old, old.hasSameContent(as: registration) { continue }
            if let old, old.serviceName != registration.serviceName {
                remove(old)
                changes.append(Change(key: old.key, isInsertion: false))
            }
            var row = registration
            row.createIndex = old?.createIndex ?? raftIndex
            row.modifyIndex = raftIndex
            insert(row)
            changes.append(Change(key: row.key, isInsertion: old?.serviceName != row.serviceName))
        }
        if !changes.isEmpty { tableIndex = raftIndex }
        return changes
    }

    /// Removes the rows with these IDs in one Raft entry; an unknown ID is passed over.
    mutating func delete(ids: [String], namespace: String) -> [Change] {
        raftIndex &+= 1
        var changes: [Change] = []
        for id in ids {
            guard let old = registration(id: id, namespace: namespace) else { continue }
            remove(old)
            changes.append(Change(key: old.key, isInsertion: false))
        }
        if !changes.isEmpty { tableIndex = raftIndex }
        return changes
    }

    private mutating func insert(_ registration: Registration) {
        let row = Row(registration)
        let position = Self.position(of: registration.id, in: services[registration.key] ?? [])
        if position.isPresent {
            services[registration.key]?[position.offset] = row
        } else {
            services[registration.key, default: []].insert(row, at: position.offset)
        }
        keys[RowID(namespace: registration.namespace, id: registration.id)] = registration.key
    }

    private mutating func remove(_ registration: Registration) {
        keys[RowID(namespace: registration.namespace, id: registration.id)] = nil
        let position = Self.position(of: registration.id, in: services[registration.key] ?? [])
        if position.isPresent { services[registration.key]?.remove(at: position.offset) }
        if services[registration.key]?.isEmpty == true { services[registration.key] = nil }
    }

    /// Where `id` is or would be; Nomad's order is that of the bytes, not of Unicode.
    private static func position(of id: String, in rows: [Row]) -> (offset: Int, isPresent: Bool) {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].registration.id.utf8.lexicographicallyPrecedes(id.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return (low, low < rows.count && rows[low].registration.id == id)
    }
}

/// A saved state of the whole table, as `nomad operator snapshot` would hold it.
public struct RegistrationSnapshot: Sendable, Equatable {
    public var raftIndex: UInt64
    public var tableIndex: UInt64
    public var registrations: [Registration]

    public init(raftIndex: UInt64 = 1, tableIndex: UInt64 = 0, registrations: [Registration] = []) {
        self.raftIndex = raftIndex
        self.tableIndex = tableIndex
        self.registrations = registrations
    }
}
