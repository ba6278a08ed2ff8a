import Fuzzing

@testable import Fanout

extension ServiceReading.Row {
    init(_ row: ServiceRegistration) {
        self.init()
        (id, address, port, tags) = (row.id, row.address, row.port, row.tags)
        (allocationID, createIndex, modifyIndex) = (row.allocationID, row.createIndex, row.modifyIndex)
    }

    /// What no answer at all may lead to, in words; nil for rows that can be endpoints.
    static func fault(_ rows: [ServiceReading.Row]) -> String? {
        if rows.count > 10_000 { return "\(rows.count) rows" }
        if Set(rows.map { "\($0.address) \($0.port)" }).count < rows.count { return "a place comes twice" }
        for row in rows {
            guard (1...65535).contains(row.port), ServiceReading.isHost(row.address) else {
                return "no endpoint: \(row)"
            }
            guard !row.tags.contains("fanout.canary=1") else { return "a canary: \(row)" }
        }
        return nil
    }
}
